"""The Docker stand-in: Pulumi's provider protocol for images that are built on a real engine.

What each method means: `pulumi.runtime.proto.provider_pb2_grpc.ResourceProviderServicer`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2 as pb
from typing_extensions import override

from launcher.standin import session
from launcher.standin.answers import Failure, diff_response, failures_as_text
from launcher.standin.difference import Difference
from launcher.standin.docker import context as build_context
from launcher.standin.docker import engine
from launcher.standin.docker.build import Build
from launcher.standin.docker.failures import DEFAULT_BUILDER, BuildFailed, repository_of
from launcher.standin.docker.kinds import ImageKind
from launcher.standin.docker.redaction import Redaction
from launcher.standin.docker.registry import Registries, Unanswered
from launcher.standin.docker.runner import Buildx, Watch
from launcher.standin.official import official_plugin
from launcher.standin.properties import from_struct, to_struct, without_secrets
from launcher.standin.provider import Context, Properties, StandIn, config_difference, token
from launcher.standin.rpc_errors import abort
from launcher.standin.session import Sessions

_SETTINGS = ("host", "version", "pluginDownloadURL", "__internal")
"""What a provider may be told: its own setting, and those that Pulumi's engine adds."""


@dataclass
class Session(session.Session):
    """One provider instance."""

    host: str | None = None
    """The address of the Docker engine, where the provider's settings name one."""


class DockerStandIn(StandIn[Session]):
    """Serves every instance of one of the two providers; `buildx` is the program that builds."""

    def __init__(self, kind: ImageKind, buildx: Path) -> None:
        super().__init__(kind.package, kind.title, Sessions(Session))
        self._kind, self._program = kind, buildx

    # --- the instance -------------------------------------------------------------------------------------------

    @override
    def CheckConfig(self, request: pb.CheckRequest, context: Context) -> pb.CheckResponse:
        settings = without_secrets(from_struct(request.news))
        found = [
            Failure(key, f"is a setting that the stand-in doesn't know: remove it, or {official_plugin(self.package)}.")
            for key in settings
            if key not in _SETTINGS
        ]
        # Said here, a missing engine is said once. Where images name builders of their own, it need not be missed.
        if not found and not self._kind.names_builder:
            problem = Buildx(self._program, _host(settings)).unusable(DEFAULT_BUILDER)
            found = [Failure("", problem)] if problem else []
        return pb.CheckResponse(inputs=request.news, failures=failures_as_text(found))

    @override
    def DiffConfig(self, request: pb.DiffRequest, context: Context) -> pb.DiffResponse:
        # Another engine builds the same images: nothing needs to be made anew.
        return config_difference(request, [])

    @override
    def Configure(self, request: pb.ConfigureRequest, context: Context) -> pb.ConfigureResponse:
        self.session(context).host = _host(without_secrets(from_struct(request.args)))
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    # --- images -------------------------------------------------------------------------------------------------

    @override
    def Check(self, request: pb.CheckRequest, context: Context) -> pb.CheckResponse:
        if (name := token(request.urn)) != self._kind.type:
            abort(context, f"The {self.title} stand-in doesn't know {name}: {official_plugin(self.package)}.")
        try:
            inputs, found = self._kind.checked(from_struct(request.news))
        except (ValueError, OSError) as error:
            abort(context, f"{request.urn}: {error}.")
        return pb.CheckResponse(inputs=to_struct(inputs), failures=failures_as_text(found))

    @override
    def Diff(self, request: pb.DiffRequest, context: Context) -> pb.DiffResponse:
        try:
            found = self._kind.difference(from_struct(request.olds), from_struct(request.news))
        except (ValueError, OSError) as error:
            abort(context, f"{request.urn}: {error}.")
        return diff_response(Difference(found))

    @override
    def Create(self, request: pb.CreateRequest, context: Context) -> pb.CreateResponse:
        inputs = from_struct(request.properties)
        if request.preview:
            return pb.CreateResponse(properties=to_struct(self._foreseen(inputs, context)))
        build, outputs = self._built(request.urn, inputs, request.timeout, context)
        return pb.CreateResponse(id=build.tags[0], properties=to_struct(outputs))

    @override
    def Update(self, request: pb.UpdateRequest, context: Context) -> pb.UpdateResponse:
        inputs = from_struct(request.news)
        if request.preview:
            return pb.UpdateResponse(properties=to_struct(self._foreseen(inputs, context)))
        _, outputs = self._built(request.urn, inputs, request.timeout, context)
        return pb.UpdateResponse(properties=to_struct(outputs))

    @override
    def Read(self, request: pb.ReadRequest, context: Context) -> pb.ReadResponse:
        outputs = from_struct(request.properties)
        if not outputs:
            abort(context, f"The {self.title} stand-in imports nothing: {official_plugin(self.package)}.")
        inputs = from_struct(request.inputs) or self._kind.old_inputs(outputs)
        build, digest = self._recorded(outputs, request.urn, context), self._kind.digest_of(outputs)
        if build and build.push and digest and self._is_gone(request.urn, build, digest, self.session(context)):
            return pb.ReadResponse()
        return pb.ReadResponse(id=request.id, properties=request.properties, inputs=to_struct(inputs))

    @override
    def Delete(self, request: pb.DeleteRequest, context: Context) -> Empty:
        outputs = from_struct(request.properties)
        if self._kind.cleans_up:
            build = self._recorded(outputs, request.urn, context)
            if build is not None:
                self._forget(request.urn, build, self._kind.digest_of(outputs), self.session(context))
        return Empty()

    # --- what they are made of ----------------------------------------------------------------------------------

    def _foreseen(self, inputs: Properties, context: Context) -> Properties:
        if self._kind.names_builder:
            name = without_secrets(inputs.get("builder") or {}).get("name")
            buildx = Buildx(self._program, self.session(context).host)
            if (name is None or isinstance(name, str)) and (problem := buildx.unusable(name)):
                abort(context, problem, grpc.StatusCode.FAILED_PRECONDITION)
        return self._kind.foreseen(inputs)

    def _recorded(self, outputs: Properties, urn: str, context: Context) -> Build | None:
        """The build that the state records; None where the official plugin made it in a way that is unknown here."""
        try:
            return self._kind.build_of(self._kind.old_inputs(outputs))
        except ValueError as error:
            self.session(context).warn(urn, f"The state has inputs that the stand-in doesn't know: {error}.")
            return None

    def _built(self, urn: str, inputs: Properties, timeout: float, context: Context) -> tuple[Build, Properties]:
        current, redaction = self.session(context), Redaction.of(inputs)
        build = self._kind.build_of(inputs)
        watch = Watch(
            show=lambda line: current.status(urn, redaction(line)),
            keep=lambda lines: current.info(urn, redaction(lines)),
            cancelled=current.cancelled,
            timeout=timeout,
        )
        try:
            seen = build_context.digest(Path(build.context), Path(build.dockerfile))
            digest = Buildx(self._program, current.host).built(build, watch)
        except (BuildFailed, ValueError, OSError) as failure:
            abort(context, redaction(str(failure)))
        finally:
            current.status(urn, "")  # or the last line would stand beside the result
        return build, self._kind.outputs_of(inputs, build, digest, seen)

    def _is_gone(self, urn: str, build: Build, digest: str, current: Session) -> bool:
        """Whether no registry has the image under any of its names any more."""
        registries = Registries(build.logins)
        try:
            found = [registries.has(tag, digest) for tag in build.tags]
        except Unanswered as error:
            current.warn(urn, f"Whether {build.tags[0]} is still there is unknown: {error}. The state stays as it is.")
            return False
        if not any(found):
            current.warn(urn, f"{build.tags[0]} is gone from its registry; the next update builds it again.")
        return not any(found)

    def _forget(self, urn: str, build: Build, digest: str, current: Session) -> None:
        if not build.push:
            for tag in build.tags:
                engine.forget(current.host, tag)
            return
        for repository, tag in {repository_of(tag): tag for tag in build.tags}.items():
            engine.forget(current.host, f"{repository}@{digest}")
            try:
                Registries(build.logins).forget(tag, digest)
            except Unanswered as error:
                current.info(urn, f"{repository}@{digest} stays where it is: {error}.")


def _host(settings: Mapping[str, Any]) -> str | None:
    return settings.get("host") or None
