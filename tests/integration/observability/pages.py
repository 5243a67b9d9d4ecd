"""Pages of metrics that are played, served on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Metric, generate_latest

from tests.integration.servers.processes import LOOPBACK

Page = Callable[[], bytes]


@contextmanager
def serving(pages: Mapping[str, Page], address: str = LOOPBACK, port: int = 0) -> Generator[int]:
    """Serve each page at its path, made anew for each request, and give the port. Pages may be added meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = pages.get(self.path)
            body = b"" if page is None else page()
            self.send_response(HTTPStatus.NOT_FOUND if page is None else HTTPStatus.OK)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # whoever asked has waited long enough
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
            """Print nothing."""

    with ThreadingHTTPServer((address, port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def text(families: Iterable[Metric]) -> bytes:
    """Some families as Prometheus reads them."""

    class Played:
        def collect(self) -> Iterable[Metric]:
            return families

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Played())
    return generate_latest(registry)
