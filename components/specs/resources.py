"""What a container asks for, and the limits that follow."""

from collections.abc import Iterator

from components.faults import fault
from components.quantities import byte_count, millicores, thousandths_text
from components.specs.base import Finding, Spec
from components.units import Cpu, Memory


class Limits(Spec):
    """Upper bounds, where they are to differ from what is derived from the requests."""

    cpu: Cpu | None = None
    memory: Memory | None = None
    ephemeral_storage: Memory | None = None


class Resources(Spec):
    """What a container asks for; its limits follow.

    The memory limit equals the request, so that a node never promises memory it does not have; the CPU limit is four
    times the request, room for a JVM to start; the ephemeral-storage limit equals its request.
    """

    cpu: Cpu = "100m"
    memory: Memory = "128Mi"
    ephemeral_storage: Memory = "128Mi"
    limits: Limits = Limits()

    def findings(self) -> Iterator[Finding]:
        """Yield each request that is over its limit."""
        for what, request, limit, size in (
            ("cpu", self.cpu, self.limits.cpu, millicores),
            ("memory", self.memory, self.limits.memory, byte_count),
            ("ephemeral-storage", self.ephemeral_storage, self.limits.ephemeral_storage, byte_count),
        ):
            if limit is not None and size(request) > size(limit):
                yield (
                    (what,),
                    fault(
                        f"is over its limit of {limit}",
                        consequence="Kubernetes refuses the Pod",
                        fix=f"lower {what} or raise limits.{what}",
                    ),
                )

    @property
    def cpu_limit(self) -> str:
        """CPU limit: as given, or four times the request."""
        return self.limits.cpu or thousandths_text(4 * millicores(self.cpu))

    @property
    def memory_limit(self) -> str:
        """Memory limit: as given, or the request."""
        return self.limits.memory or self.memory

    @property
    def ephemeral_storage_limit(self) -> str:
        """Ephemeral-storage limit: as given, or the request."""
        return self.limits.ephemeral_storage or self.ephemeral_storage
