"""Probes: as a service names them, or as they follow from its ports."""

from datetime import timedelta
from typing import Final

from lightkube.models import core_v1

from components.quantities import whole_seconds
from components.specs.container import Container, Language
from components.specs.probes import Probe, Probes

JVM_START: Final = {
    "delay": timedelta(0),
    "period": timedelta(seconds=5),
    "timeout": timedelta(seconds=5),
    "failures": 24,
    "successes": 1,
}
"""A JVM may take two minutes to start: classes are loaded and compiled while its CPU is scarce."""


def effective_probes(container: Container) -> Probes:
    """Return the probes of a container, those that it leaves out derived from its ports."""
    named = container.probes
    if "grpc" in container.ports:
        readiness, liveness = Probe(grpc="", port="grpc"), Probe(tcp=True, port="grpc")
    elif "http" in container.ports:
        readiness, liveness = Probe(http="/health/ready", port="http"), Probe(http="/health/live", port="http")
    else:
        readiness = liveness = None
    readiness, liveness = named.readiness or readiness, named.liveness or liveness
    startup, alive = named.startup, liveness or readiness
    if startup is None and alive is not None and container.language is Language.JAVA:
        startup = alive.model_copy(update=JVM_START)
    return Probes.model_construct(startup=startup, liveness=liveness, readiness=readiness)


def probe(spec: Probe | None, container: Container) -> core_v1.Probe | None:
    """Build one probe; timings that equal Kubernetes' defaults are written all the same, so that a diff shows them."""
    if spec is None:
        return None
    port = _port(spec, container)
    return core_v1.Probe(
        httpGet=core_v1.HTTPGetAction(path=spec.http, port=port, scheme="HTTPS" if spec.https else "HTTP")
        if spec.http is not None
        else None,
        grpc=core_v1.GRPCAction(port=_number(port, container), service=spec.grpc or None)
        if spec.grpc is not None
        else None,
        tcpSocket=core_v1.TCPSocketAction(port=port) if spec.tcp else None,
        exec=core_v1.ExecAction(command=list(spec.exec)) if spec.exec else None,
        initialDelaySeconds=whole_seconds(spec.delay) or None,
        periodSeconds=whole_seconds(spec.period),
        timeoutSeconds=whole_seconds(spec.timeout),
        failureThreshold=spec.failures,
        successThreshold=spec.successes if spec.successes != 1 else None,
    )


def _port(spec: Probe, container: Container) -> str | int:
    if spec.port is not None:
        return spec.port
    wanted = ("grpc",) if spec.grpc is not None else ("http", "https", "grpc")
    return next((name for name in (*wanted, *container.ports) if name in container.ports), 0)


def _number(port: str | int, container: Container) -> int:
    """The gRPC probe alone takes no port names."""
    return port if isinstance(port, int) else container.ports[port].number
