"""What an environment does with a service's traffic: which requests a version gets, copies, faults, limits."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Literal

from pydantic import Field

from components.faults import fault
from components.scalars import AbsolutePath, DnsLabel
from components.specs.base import Finding, Spec
from components.units import Percent, PositiveDuration


class Match(Spec):
    """Requests that go to a version whatever its weight: all of what is named here must fit, values literally."""

    headers: dict[str, str] = {}
    cookies: dict[str, str] = {}
    baggage: dict[str, str] = Field(
        {}, description="Members of W3C baggage: a feature flag that holds along the whole call path."
    )

    def findings(self) -> Iterator[Finding]:
        """Yield a match of nothing, which would be one of everything."""
        if not (self.headers or self.cookies or self.baggage):
            yield (
                (),
                fault(
                    "names no header, cookie or baggage",
                    consequence="every request would go to this version",
                    fix="name one, or leave 'match' out",
                ),
            )


class Mirror(Spec):
    """A copy of requests for a version whose answers nobody waits for."""

    version: DnsLabel
    share: Percent = 100.0


class Delay(Spec):
    """A fault: an answer that comes late."""

    duration: PositiveDuration
    share: Percent


class Abort(Spec):
    """A fault: an answer that is an error."""

    status: int = Field(ge=400, le=599, description="HTTP; gRPC callers see the status that belongs to it.")
    share: Percent


class Fault(Spec):
    """Faults injected on purpose, to see what callers do."""

    delay: Delay | None = None
    abort: Abort | None = None

    def findings(self) -> Iterator[Finding]:
        """Yield a fault that is none."""
        if self.delay is None and self.abort is None:
            yield ((), fault("injects nothing", consequence="it would test nothing", fix="name a delay or an abort"))


class LimitScope(StrEnum):
    """Who counts."""

    LOCAL = "local"
    """Each proxy for itself: cheap, and times the number of Pods."""
    GLOBAL = "global"
    """One rate-limit service with Redis for all."""


class RateLimit(Spec):
    """At most so many requests per time: ``{requests: 100, per: minute, by: caller}``; more is answered with 429."""

    requests: int = Field(ge=1)
    per: Literal["second", "minute", "hour"]
    by: Literal["service", "caller"] = Field(
        "service", description="One count for all, or one for each calling workload (at the edge: client address)."
    )
    path: AbsolutePath | None = Field(None, description="Only paths that start with it; all where absent.")
    scope: LimitScope = LimitScope.LOCAL
