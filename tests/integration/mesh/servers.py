"""Real servers on loopback that answer as told, and remember what they were asked."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, cast

import grpc

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Asked:
    """One request, as it arrived."""

    method: str
    path: str
    headers: dict[str, str]


def _set() -> Event:
    event = Event()
    event.set()
    return event


@dataclass
class Server:
    """What a running server is called, and how it answers; the answers may be changed while it runs."""

    name: str
    port: int = 0
    status: int = 200
    """HTTP's."""
    code: grpc.StatusCode = grpc.StatusCode.OK
    """gRPC's."""
    delay: float = 0.0
    """Seconds before the answer."""
    may_answer: Event = field(default_factory=_set)
    """Nobody gets an answer while this is clear."""
    asked: list[Asked] = field(default_factory=list)

    def forget(self) -> None:
        """Start counting anew."""
        self.asked.clear()


@contextmanager
def http_server(name: str, **answers: Any) -> Generator[Server]:
    """Run an HTTP/1.1 server: its body is its name."""
    server = Server(name, **answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Without it a response goes out in two packets, of which the second waits for the client's delayed ACK.
        disable_nagle_algorithm = True

        def answer(self) -> None:
            headers = {key.lower(): text for key, text in self.headers.items()}
            server.asked.append(Asked(self.command, self.path, headers))
            self.rfile.read(int(self.headers.get("content-length", 0)))
            time.sleep(server.delay)
            server.may_answer.wait()
            body = server.name.encode()
            self.send_response(server.status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer  # noqa: N815 the library's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the library's names
            pass

    class Listener(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a proxy that gave up has closed its connection

    with Listener((LOOPBACK, 0), Handler) as listener:
        server.port = listener.server_address[1]
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


@contextmanager
def grpc_server(name: str, **answers: Any) -> Generator[Server]:
    """Run a gRPC server that has every unary method: its answer is its name, in bytes."""
    server = Server(name, **answers)

    class Everything(grpc.GenericRpcHandler):
        def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
            def answer(_: bytes, context: grpc.ServicerContext) -> bytes:
                headers = {key: str(text) for key, text in handler_call_details.invocation_metadata}
                server.asked.append(Asked("POST", handler_call_details.method, headers))
                time.sleep(server.delay)
                server.may_answer.wait()
                if server.code is not grpc.StatusCode.OK:
                    context.abort(server.code, "as told")
                return server.name.encode()

            return grpc.unary_unary_rpc_method_handler(answer)

    listener = grpc.server(ThreadPoolExecutor(32), handlers=[Everything()], options=[("grpc.so_reuseport", 0)])
    server.port = listener.add_insecure_port(f"{LOOPBACK}:0")
    listener.start()
    try:
        yield server
    finally:
        listener.stop(None).wait()


@contextmanager
def nobody() -> Generator[Server]:
    """A port on which nobody listens, kept from others for as long."""
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))
        yield Server("nobody", bound.getsockname()[1])


def called(
    port: int, method: str, *, timeout: float = 5.0, message: bytes = b"", host: str = LOOPBACK, **metadata: str
) -> tuple[str, str]:
    """Call a gRPC method through the proxy at `port`; return its status, and its answer where there is one."""
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.default_authority", host)]
    with grpc.insecure_channel(f"{LOOPBACK}:{port}", options=options) as channel:
        call: Callable[..., bytes] = channel.unary_unary(method)
        try:
            return "OK", call(message, timeout=timeout, metadata=tuple(metadata.items())).decode()
        except grpc.RpcError as error:
            return cast("grpc.Call", error).code().name, ""
