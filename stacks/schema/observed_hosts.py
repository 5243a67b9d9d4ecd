"""Hosts outside the cluster that the observability of an environment connects to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from components.observability.alertmanager_routes import every_receiver
from components.observability.names import ALERTMANAGER, GRAFANA, PROMETHEUS
from components.specs.observability.alerts import receiver_address
from stacks.schema.environment import Environment

_PLAIN_AT_FIRST: Final = frozenset({25, 587})
"""Where mail servers speak plain text until STARTTLS (https://www.rfc-editor.org/rfc/rfc8314#section-3.3)."""


@dataclass(frozen=True)
class ObservedHost:
    """A host, and what is spoken to it."""

    host: str
    port: int
    protocol: Literal["tls", "tcp"] = "tls"

    @property
    def name(self) -> str:
        """What the mesh calls it: no name of the catalogue has a dot."""
        return self.host


def observed_hosts(environment: Environment) -> Iterator[tuple[str, ObservedHost]]:
    """Yield which workload connects to which host: receivers of alerts, sign-in, and where samples are sent on."""
    settings = environment.observability
    if settings is None:
        return
    for written in settings.metrics.remote_write:
        yield PROMETHEUS, ObservedHost(written.host, written.port)
    for receiver in every_receiver(settings.alerts) if settings.alerts else ():
        host, port = receiver_address(receiver)
        yield ALERTMANAGER, ObservedHost(host, port, "tcp" if port in _PLAIN_AT_FIRST else "tls")
    if settings.dashboards and settings.dashboards.oidc:
        yield GRAFANA, ObservedHost(settings.dashboards.oidc.host, 443)
