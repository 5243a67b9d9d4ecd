"""A receiver of webhooks on loopback, which records what is sent to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.integration.servers.processes import LOOPBACK, PATIENCE, eventually

_ANSWER: Final = {"ok": True, "errcode": 0, "access_token": "none", "status": "success"}
"""What Slack, WeCom and PagerDuty say of a message that they take."""


@dataclass(frozen=True, kw_only=True)
class Notification:
    """A request as it came."""

    method: str
    path: str
    """With the query."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Any
    """What its JSON says; None where it has no body."""

    @property
    def alert_names(self) -> set[str]:
        """The alerts in one of Alertmanager's own: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config."""
        return {alert["labels"]["alertname"] for alert in (self.body or {}).get("alerts", ())}


@dataclass(kw_only=True)
class Webhook:
    """A running receiver."""

    port: int
    received: list[Notification] = field(default_factory=list)
    """The oldest first."""

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def until(self, accept: Callable[[Notification], bool], why: str, *, within: float = PATIENCE) -> Notification:
        """Wait for a notification that `accept` wants, and give the first such one."""

        def found() -> Notification | None:
            return next((one for one in list(self.received) if accept(one)), None)

        try:
            answer = eventually(found, why, within=within)
        except AssertionError as failure:
            failure.add_note(f"received: {self.received}")
            raise
        assert answer is not None, "eventually gives only what is true"
        return answer


@contextmanager
def running() -> Generator[Webhook]:
    """Run a receiver that answers every request with 200, and stop it at the end."""
    received: list[Notification] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _take(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            headers = {name.lower(): value for name, value in self.headers.items()}
            received.append(Notification(method=self.command, path=self.path, headers=headers, body=body))
            answer = json.dumps(_ANSWER).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = _take  # noqa: N815 (the names that http.server looks for)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
            """Print nothing."""

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Webhook(port=server.server_port, received=received)
        finally:
            server.shutdown()
            thread.join()
