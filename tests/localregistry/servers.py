"""HTTP servers that answer like an engine, or like a registry, as far as a test asks."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Answers = Mapping[str, tuple[int, bytes]]
"""Path → status and body; every other path is 404."""


def _handler(answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 (the name that http.server calls)

        def address_string(self) -> str:
            return "local"  # a client of a Unix socket has no address

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    return Handler


@contextmanager
def on_loopback(answers: Answers) -> Generator[str]:
    """Answer on a free port, and give the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(answers))
    with _served(server):
        yield f"127.0.0.1:{server.server_port}"


@contextmanager
def on_socket(path: Path, answers: Answers) -> Generator[str]:
    """Answer on a Unix socket, and give the address as in DOCKER_HOST."""
    with _served(socketserver.ThreadingUnixStreamServer(str(path), _handler(answers))):
        yield f"unix://{path}"


@contextmanager
def _served(server: socketserver.BaseServer) -> Generator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
