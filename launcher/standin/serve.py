"""Serves a stand-in on the loopback interface: the engine attaches to it through `PULUMI_DEBUG_PROVIDERS=NAME:PORT`."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from pulumi.runtime.proto.provider_pb2_grpc import add_ResourceProviderServicer_to_server

from launcher.standin.provider import StandIn

LARGEST_MESSAGE = 400 * 1024 * 1024
"""Bytes: what Pulumi's own SDKs allow (`pulumi.runtime._grpc_settings`)."""

MOST_THREADS = 512
"""A resource that is being awaited holds a thread, and Cancel must still find a free one. Threads start on demand."""


@contextmanager
def serving(servicer: StandIn[Any]) -> Iterator[int]:
    """Serves `servicer` on a free port of 127.0.0.1 for as long as the context lasts, and gives the port."""
    executor = ThreadPoolExecutor(max_workers=MOST_THREADS, thread_name_prefix="stand-in")
    server = grpc.server(
        executor,
        options=[
            ("grpc.max_receive_message_length", LARGEST_MESSAGE),
            ("grpc.max_send_message_length", LARGEST_MESSAGE),
            ("grpc.so_reuseport", 0),
        ],
    )
    add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        servicer.stop()
        server.stop(grace=5).wait()
        executor.shutdown(wait=True)
