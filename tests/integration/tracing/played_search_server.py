"""What Jaeger and its index cleaner ask of Elasticsearch or OpenSearch, which the tests can't have: that, and no more.

It knows the version, templates, bulk writes, searches by one term, and indices with the day on which they were made.
https://www.elastic.co/docs/api/doc/elasticsearch/
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final
from urllib.parse import unquote, urlsplit

from tests.integration.servers.processes import LOOPBACK

ELASTICSEARCH: Final = {"version": {"number": "7.17.0"}, "tagline": "You Know, for Search"}
ELASTICSEARCH_8: Final = {"version": {"number": "8.19.0"}, "tagline": "You Know, for Search"}
OPENSEARCH: Final = {"version": {"number": "2.19.0"}, "tagline": "The OpenSearch Project: https://opensearch.org/"}


@dataclass(kw_only=True)
class SearchServer:
    """What it has, and who may ask."""

    url: str
    words: Mapping[str, Any]
    """What it says of itself."""
    login: tuple[str, str] | None = None
    """User and password; anybody may ask where there is none."""
    templates: dict[str, Any] = field(default_factory=dict)
    """Name → its body."""
    documents: dict[str, list[Any]] = field(default_factory=dict)
    """Index → what has been written to it."""
    made: dict[str, int] = field(default_factory=dict)
    """Index → when, in milliseconds since 1970."""
    refused: int = 0
    """Requests without the right login."""
    strange: list[str] = field(default_factory=list)
    """Requests that it does not know."""

    def allows(self, authorization: str | None) -> bool:
        if self.login is None:
            return True
        return authorization == f"Basic {base64.b64encode(':'.join(self.login).encode()).decode()}"

    def write(self, lines: list[Any]) -> dict[str, Any]:
        """A bulk request: an action and a document by turns."""
        items = []
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            ((verb, target),) = action.items()
            self.documents.setdefault(target["_index"], []).append(document)
            items.append({verb: {"_index": target["_index"], "status": 201, "result": "created"}})
        return {"took": 1, "errors": False, "items": items}

    def search(self, lines: list[Any]) -> dict[str, Any]:
        """Searches: each has the indices that it is about, and what it wants, by turns."""
        pairs = zip(lines[::2], lines[1::2], strict=True)
        answers = [self._found(about.get("indices") or [about["index"]], wanted) for about, wanted in pairs]
        return {"took": 1, "responses": answers}

    def indices(self, pattern: str) -> dict[str, Any]:
        return {
            name: {"aliases": {}, "settings": {"index.creation_date": str(at)}}
            for name, at in self.made.items()
            if fnmatchcase(name, pattern)
        }

    def drop(self, names: str) -> dict[str, Any]:
        for name in filter(None, names.split(",")):
            del self.made[name]
        return {"acknowledged": True}

    def _found(self, indices: list[str], wanted: Mapping[str, Any]) -> dict[str, Any]:
        terms = dict(_terms(wanted["query"]))
        hits = [
            {"_index": index, "_id": str(number), "_source": one, "sort": [one.get("startTime", 0)]}
            for index, documents in self.documents.items()
            if any(fnmatchcase(index, pattern) for pattern in indices)
            for number, one in enumerate(documents)
            if terms and terms.items() <= one.items()
        ]
        total = {"value": len(hits), "relation": "eq"}
        return {"took": 1, "status": 200, "hits": {"total": total, "hits": hits}}


def _terms(query: Any) -> Iterator[tuple[str, Any]]:
    match query:
        case {"term": term}:
            for key, value in term.items():
                yield key, value["value"] if isinstance(value, dict) else value
        case dict():
            for below in query.values():
                yield from _terms(below)
        case list():
            for below in query:
                yield from _terms(below)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes is no trouble; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server_state: ClassVar[SearchServer]
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(lambda _, __: {})

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_PUT(self) -> None:
        self._answer(self._put)

    def do_POST(self) -> None:
        self._answer(self._post)

    def do_DELETE(self) -> None:
        self._answer(lambda path, _: self.server_state.drop(path.removeprefix("/")))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has above
        """Say nothing."""

    def _get(self, path: str, body: bytes) -> dict[str, Any] | None:
        if path == "/":
            return dict(self.server_state.words)
        if path == "/_msearch":
            return self.server_state.search(_lines(body))
        return self.server_state.indices(path.removeprefix("/")) if path.endswith("*") else None

    def _put(self, path: str, body: bytes) -> dict[str, Any] | None:
        kind, _, name = path.removeprefix("/").partition("/")
        if kind not in {"_template", "_index_template"}:
            return None
        self.server_state.templates[name] = json.loads(body)
        return {"acknowledged": True}

    def _post(self, path: str, body: bytes) -> dict[str, Any] | None:
        if path == "/_bulk":
            return self.server_state.write(_lines(body))
        return self.server_state.search(_lines(body)) if path == "/_msearch" else None

    def _answer(self, ask: Any) -> None:
        path, body = unquote(urlsplit(self.path).path), self._body()
        if not self.server_state.allows(self.headers["authorization"]):
            self.server_state.refused += 1
            self._reply(401, {"error": "no, or another, login"})
            return
        answer = ask(path, body)
        if answer is None:
            self.server_state.strange.append(f"{self.command} {self.path}")
            self._reply(400, {"error": f"{self.command} {path} is not known here"})
            return
        self._reply(200, answer)

    def _body(self) -> bytes:
        if self.headers["transfer-encoding"] == "chunked":
            body = b"".join(self._chunks())
        else:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
        return gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body

    def _chunks(self) -> Iterator[bytes]:
        """The parts of a body that nobody knew the length of (RFC 9112, 7.1)."""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _reply(self, status: int, answer: Mapping[str, Any]) -> None:
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        # Clients of version 8 talk to nobody who doesn't say it.
        self.send_header("x-elastic-product", "Elasticsearch")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)


def _lines(body: bytes) -> list[Any]:
    return [json.loads(line) for line in body.splitlines() if line]


@contextmanager
def running(words: Mapping[str, Any], login: tuple[str, str] | None = None) -> Generator[SearchServer]:
    """Play such a server on a free port."""
    handler = type("Handler", (_Handler,), {})
    with _Server((LOOPBACK, 0), handler) as server:
        state = SearchServer(url=f"http://{LOOPBACK}:{server.server_port}", words=words, login=login)
        handler.server_state = state
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
