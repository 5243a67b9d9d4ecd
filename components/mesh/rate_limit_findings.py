"""What is wrong with the rate limits of a workload, seen with its mesh. Pure."""

from collections.abc import Iterator

from components.faults import fault
from components.mesh.arguments import MeshedWorkload
from components.specs.base import Finding
from components.specs.mesh.settings import DataPlane, Mesh
from components.specs.mesh.traffic import LimitScope, RateLimit


def rate_limit_findings(settings: Mesh, workload: MeshedWorkload) -> Iterator[Finding]:
    """Yield each limit that nothing could enforce, or that another makes pointless; places are seen from the list."""
    limits = workload.rate_limits
    if limits and settings.data_plane is DataPlane.AMBIENT:
        yield (
            (),
            fault(
                "does not go with the ambient data plane",
                consequence="nothing would be limited: an EnvoyFilter reaches sidecars and gateways only",
                fix="drop it, or set data-plane: sidecar",
            ),
        )
    if limits and not any(port.is_routed for port in workload.ports.values()):
        yield (
            (),
            fault(
                "limits a workload that serves neither HTTP nor gRPC",
                consequence="nothing would be limited: there are no requests to count",
                fix="drop it, or give the port the name or the app-protocol http or grpc",
            ),
        )
    for index, limit in enumerate(limits):
        yield from _limit_findings(settings, workload, index, limit)


def _limit_findings(settings: Mesh, workload: MeshedWorkload, index: int, limit: RateLimit) -> Iterator[Finding]:
    if limit.scope is LimitScope.GLOBAL and settings.rate_limit_store is None:
        yield (
            (index, "scope"),
            fault(
                "is global, and the environment's mesh names no rate-limit-store",
                consequence="nobody would count",
                fix="name a Redis store under mesh.rate-limit-store, or make the scope local",
            ),
        )
    if limit.by == "caller" and not (workload.callers or workload.edge):
        yield (
            (index, "by"),
            fault(
                "counts callers, and nobody calls this workload",
                consequence="nothing would be limited",
                fix="drop the limit, declare the calls, or write by: service",
            ),
        )
    for earlier in workload.rate_limits[:index]:
        if _counts_the_same(earlier, limit):
            yield (
                (index,),
                fault(
                    f"counts what the one of {earlier.requests} a {earlier.per} counts already",
                    consequence="only the lower of the two could ever be reached",
                    fix="keep one of them",
                ),
            )


def _counts_the_same(first: RateLimit, second: RateLimit) -> bool:
    """Whether two limits differ in nothing but their number."""
    return first.model_copy(update={"requests": second.requests}) == second
