"""When a container counts as started, alive and ready."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from components.faults import fault
from components.scalars import AbsolutePath, PortName
from components.specs.base import Finding, Spec
from components.units import Duration, PositiveDuration

PortNumber = Annotated[int, Field(ge=1, le=65535)]


class Probe(Spec):
    """One probe: exactly one of ``http``, ``grpc``, ``tcp`` and ``exec``, with its timings.

    Defaults of the timings are Kubernetes' own
    (https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/).
    """

    http: AbsolutePath | None = Field(None, description="Path that answers 200 to 399.")
    https: bool = Field(False, description="Ask over TLS (the certificate is not verified).")
    grpc: str | None = Field(
        None, description="Service name for grpc.health.v1; an empty text asks for the whole server."
    )
    tcp: bool = Field(False, description="Whether the port accepts a connection.")
    exec: tuple[str, ...] = Field((), description="Command that exits with 0.")
    port: PortName | PortNumber | None = Field(
        None, description="Name or number; by default the first port of a fitting name."
    )
    delay: Duration = timedelta(0)
    period: PositiveDuration = timedelta(seconds=10)
    timeout: PositiveDuration = timedelta(seconds=1)
    failures: int = Field(3, ge=1, description="Failures in a row until the probe counts as failed.")
    successes: int = Field(1, ge=1, description="Successes in a row until it counts as passed (readiness only).")

    def findings(self) -> Iterator[Finding]:
        """Yield a probe that asks in no way or several, or that overlaps itself."""
        ways = [
            way
            for way, used in (
                ("http", self.http is not None),
                ("grpc", self.grpc is not None),
                ("tcp", self.tcp),
                ("exec", bool(self.exec)),
            )
            if used
        ]
        if len(ways) != 1:
            yield (
                (),
                fault(
                    f"asks in {len(ways)} ways ({', '.join(ways)})" if ways else "asks in no way",
                    consequence="Kubernetes refuses the container",
                    fix="name exactly one of http, grpc, tcp and exec",
                ),
            )
        if self.timeout > self.period:
            yield (
                ("timeout",),
                fault(
                    "is longer than the period",
                    consequence="probes would overlap and failures be counted late",
                    fix="make the timeout at most the period",
                ),
            )


class Probes(Spec):
    """The three probes of a container.

    Where none is named, they follow from the ports: a port called ``grpc`` is asked by grpc.health.v1 for readiness and
    by a TCP connection for liveness, so that a failing dependency takes a Pod out of service but never restarts it;
    a port called ``http`` is asked for ``/health/ready`` and ``/health/live``. A JVM gets a startup probe of 2 minutes.
    """

    startup: Probe | None = None
    liveness: Probe | None = None
    readiness: Probe | None = None

    def named(self) -> Iterator[tuple[str, Probe]]:
        """Yield each probe that is there, with its name."""
        for name, probe in (("startup", self.startup), ("liveness", self.liveness), ("readiness", self.readiness)):
            if probe is not None:
                yield name, probe

    def findings(self) -> Iterator[Finding]:
        """Yield each startup or liveness probe that wants several successes."""
        for name, probe in self.named():
            if name != "readiness" and probe.successes != 1:
                yield (
                    (name, "successes"),
                    fault(
                        f"is not 1 for the {name} probe",
                        consequence="Kubernetes refuses the container",
                        fix="leave it out",
                    ),
                )
