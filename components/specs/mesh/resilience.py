"""How callers treat a service: deadlines, retries, circuit breaking, bulkheads, load balancing."""

import re
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, WithJsonSchema

from components.faults import fault
from components.quantities import duration_text
from components.scalars import matching
from components.specs.base import Finding, Spec
from components.specs.tags import tag, tag_by_key
from components.units import Percent, PositiveDuration

_METHOD: Final = "[A-Za-z][A-Za-z0-9_]*"
MethodName = Annotated[
    str,
    matching(
        re.compile(_METHOD),
        "a method",
        "no service can have a method of this name",
        "write the name alone: GetUser of gRPC, GET of HTTP",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_METHOD}$"}),
]
"""A gRPC method without its service, or an HTTP method."""

HTTP_IDEMPOTENT: Final = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE")
"""Methods that may be sent twice (https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2)."""


class Retries(Spec):
    """How often a failed request is sent again.

    Only what is idempotent is sent again after it may have reached the service: HTTP's own idempotent methods, and the
    gRPC methods named here. Everything else is sent again only where the connection failed before that.
    """

    attempts: int = Field(2, ge=0, le=5, description="After the first try.")
    per_try: PositiveDuration | None = Field(None, description="Deadline of one try; an even share of the timeout.")
    idempotent: tuple[MethodName, ...] = Field((), description="gRPC methods that may be sent twice.")


class OutlierDetection(Spec):
    """When a Pod that keeps failing gets no requests for a while.

    The fields are Istio's (https://istio.io/latest/docs/reference/config/networking/destination-rule/#OutlierDetection).
    A try that runs out of time counts as failed, so ``retries.per-try`` says from when a slow Pod counts as a bad one.
    """

    consecutive_errors: int = Field(5, ge=1, description="502, 503, 504, timeouts and gRPC's UNAVAILABLE, in a row.")
    interval: PositiveDuration = timedelta(seconds=10)
    ejection: PositiveDuration = Field(
        timedelta(seconds=30), description="The first time; each further one adds as much."
    )
    max_ejected: Percent = Field(50.0, description="At most this share of the Pods.")


class ConnectionPool(Spec):
    """The bulkhead: what one caller's proxy opens to a service at the most; more is refused at once with 503."""

    connections: int = Field(100, ge=1)
    connect_timeout: PositiveDuration = timedelta(seconds=1)
    pending: int = Field(64, ge=1, description="Requests that wait for a connection.")
    requests: int = Field(256, ge=1, description="Requests at one time.")
    requests_per_connection: int = Field(0, ge=0, description="After which it is closed; 0: never.")
    retries: int = Field(16, ge=0, description="Retries at one time, so that they can't multiply an outage.")


class LoadBalancer(StrEnum):
    """How a Pod is chosen for a request."""

    LEAST_REQUEST = "least-request"
    ROUND_ROBIN = "round-robin"
    RANDOM = "random"


class HashHeader(Spec):
    """The same value of a request header leads to the same Pod: ``{header: x-user}``."""

    header: str = Field(min_length=1)


class HashCookie(Spec):
    """The same cookie leads to the same Pod; the proxy sets one where there is none: ``{cookie: session, ttl: 1h}``."""

    cookie: str = Field(min_length=1)
    ttl: PositiveDuration = timedelta(hours=1)


class HashSource(Spec):
    """The same client address leads to the same Pod: ``{source-ip: true}``."""

    source_ip: bool = True


ConsistentHash = Annotated[
    Annotated[HashHeader, tag("header")]
    | Annotated[HashCookie, tag("cookie")]
    | Annotated[HashSource, tag("source-ip")],
    tag_by_key("header", "cookie", "source-ip"),
]


class Resilience(Spec):
    """How a service is called. It is said once, by the service, and holds for every caller."""

    timeout: PositiveDuration = Field(timedelta(seconds=3), description="Of a whole request, retries included.")
    retries: Retries = Retries()
    outlier_detection: OutlierDetection = OutlierDetection()
    connection_pool: ConnectionPool = ConnectionPool()
    load_balancing: LoadBalancer | ConsistentHash = LoadBalancer.LEAST_REQUEST

    @property
    def per_try(self) -> timedelta:
        """Deadline of one try, so that all tries fit into the timeout."""
        share = self.timeout / (self.retries.attempts + 1)
        return self.retries.per_try or timedelta(milliseconds=share // timedelta(milliseconds=1))

    def findings(self) -> Iterator[Finding]:
        """Yield tries that don't fit into the timeout."""
        tries = self.retries.attempts + 1
        if self.per_try * tries > self.timeout:
            yield (
                ("retries", "per-try"),
                fault(
                    f"times {tries} tries is {duration_text(self.per_try * tries)}, over the timeout of "
                    f"{duration_text(self.timeout)}",
                    consequence="the last tries would be cut off, and retries would only add load",
                    fix=f"lower it to {duration_text(self.timeout / tries)}, retry less, or raise the timeout",
                ),
            )
