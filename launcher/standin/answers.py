"""Findings as messages of the provider protocol (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass

from pulumi.runtime.proto import provider_pb2 as pb

from launcher.standin.difference import Difference, Kind, written

_KINDS = {
    (Kind.ADD, False): pb.PropertyDiff.ADD,
    (Kind.ADD, True): pb.PropertyDiff.ADD_REPLACE,
    (Kind.DELETE, False): pb.PropertyDiff.DELETE,
    (Kind.DELETE, True): pb.PropertyDiff.DELETE_REPLACE,
    (Kind.UPDATE, False): pb.PropertyDiff.UPDATE,
    (Kind.UPDATE, True): pb.PropertyDiff.UPDATE_REPLACE,
}


@dataclass(frozen=True)
class Failure:
    """One thing that is wrong with a resource's inputs."""

    path: str
    """In Pulumi's notation; empty for the whole."""
    reason: str


def check_failures(found: Iterable[Failure]) -> list[pb.CheckFailure]:
    """What is wrong with some inputs."""
    return [pb.CheckFailure(property=failure.path, reason=failure.reason) for failure in found]


def failures_as_text(found: Iterable[Failure]) -> list[pb.CheckFailure]:
    """The same as text alone: the engine shows the value of a property that a failure names, and it may be secret."""
    return [pb.CheckFailure(reason=f"{failure.path} {failure.reason}".strip()) for failure in found]


def diff_response(found: Difference) -> pb.DiffResponse:
    """What changed, as a detailed diff between inputs."""
    detailed = {
        written(change.path): pb.PropertyDiff(kind=_KINDS[change.kind, change.replaces], inputDiff=True)
        for change in found.changes
    }
    return pb.DiffResponse(
        changes=pb.DiffResponse.DIFF_SOME if found.changes else pb.DiffResponse.DIFF_NONE,
        diffs=sorted({str(change.path[0]) for change in found.changes}),
        replaces=[written(change.path) for change in found.changes if change.replaces],
        deleteBeforeReplace=found.delete_before_replace,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )
