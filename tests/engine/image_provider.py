"""A provider of `docker:index/image:Image` that builds nothing: it says what it was asked for, and makes up digests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto.provider_pb2_grpc import (
    ResourceProviderServicer,
    add_ResourceProviderServicer_to_server,
)
from typing_extensions import override


class ImageProvider(ResourceProviderServicer):
    """Notes the name of each image that the engine has it create or change."""

    def __init__(self) -> None:
        self.built: list[str] = []

    def _built(self, inputs: Any) -> Any:
        name = inputs["imageName"]
        self.built.append(name)
        digest = hashlib.sha256(name.encode()).hexdigest()
        outputs = type(inputs)()
        outputs.CopyFrom(inputs)
        outputs["repoDigest"] = f"{name.rpartition(':')[0]}@sha256:{digest}"
        return outputs

    @override
    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> Empty:
        return Empty()

    @override
    def Handshake(
        self, request: pb.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> pb.ProviderHandshakeResponse:
        return pb.ProviderHandshakeResponse(accept_secrets=True)

    @override
    def CheckConfig(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:
        return pb.CheckResponse(inputs=request.news)

    @override
    def DiffConfig(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    @override
    def Configure(self, request: pb.ConfigureRequest, context: grpc.ServicerContext) -> pb.ConfigureResponse:
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @override
    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version="5.2.0")

    @override
    def Check(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:
        return pb.CheckResponse(inputs=request.news)

    @override
    def Diff(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        same = request.old_inputs == request.news
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE if same else pb.DiffResponse.DIFF_SOME)

    @override
    def Create(self, request: pb.CreateRequest, context: grpc.ServicerContext) -> pb.CreateResponse:
        if request.preview:
            return pb.CreateResponse(properties=request.properties)
        return pb.CreateResponse(id=request.name, properties=self._built(request.properties))

    @override
    def Update(self, request: pb.UpdateRequest, context: grpc.ServicerContext) -> pb.UpdateResponse:
        return pb.UpdateResponse(properties=request.news if request.preview else self._built(request.news))


@contextmanager
def image_provider() -> Iterator[tuple[ImageProvider, int]]:
    """Serve the provider on a free port for as long as the context lasts."""
    provider = ImageProvider()
    server = grpc.server(ThreadPoolExecutor(max_workers=16))
    add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield provider, port
    finally:
        server.stop(grace=0).wait()
