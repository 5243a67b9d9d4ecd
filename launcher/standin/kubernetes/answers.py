"""Findings as messages of the provider protocol (pure)."""

from collections.abc import Iterable

from pulumi.runtime.proto import provider_pb2 as pb

from launcher.standin.kubernetes.checking import Failure
from launcher.standin.kubernetes.difference import Difference, Kind, written

_KINDS = {
    (Kind.ADD, False): pb.PropertyDiff.ADD,
    (Kind.ADD, True): pb.PropertyDiff.ADD_REPLACE,
    (Kind.DELETE, False): pb.PropertyDiff.DELETE,
    (Kind.DELETE, True): pb.PropertyDiff.DELETE_REPLACE,
    (Kind.UPDATE, False): pb.PropertyDiff.UPDATE,
    (Kind.UPDATE, True): pb.PropertyDiff.UPDATE_REPLACE,
}


def check_failures(found: Iterable[Failure]) -> list[pb.CheckFailure]:
    """What is wrong with some inputs."""
    return [pb.CheckFailure(property=failure.path, reason=failure.reason) for failure in found]


def config_check_failures(found: Iterable[Failure]) -> list[pb.CheckFailure]:
    """What is wrong with the provider's settings, as text alone.

    The engine shows the value of any property that a failure names, and a kubeconfig may hold a login.
    """
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
