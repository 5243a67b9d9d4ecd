"""Alertmanager: its configuration, and how it runs. Pure.

https://prometheus.io/docs/alerting/latest/alertmanager/
"""

from datetime import timedelta
from typing import Final

from components import versions
from components.hardening import HardenedDefault
from components.observability.alertmanager.document import AlertmanagerDocument
from components.observability.alertmanager.messages import message_templates
from components.observability.alertmanager.receivers import SECRETS, receivers
from components.observability.alertmanager.routes import every_receiver, inhibit_rules, route_tree, time_intervals
from components.observability.arguments import ObservabilityArgs
from components.observability.names import ALERTMANAGER, ALERTMANAGER_PORT, alertmanager_hosts
from components.quantities import duration_text
from components.specs.container import Language, Mount
from components.specs.observability.alerts import Alerts, receiver_key
from components.specs.pod import ClaimedVolume, ConfigVolume, SecretVolume, ServiceSettings, Volume
from components.specs.ports import METRICS, Port, Protocol
from components.specs.probes import Probe, Probes
from components.specs.variables import EnvironmentValue, FieldReference
from components.specs.workload import WorkloadKind, WorkloadSpec
from components.yaml_text import yaml_file

CONFIG: Final = "/etc/alertmanager/config"
STORAGE: Final = "/alertmanager"
FILE: Final = "alertmanager.yml"
MESSAGES: Final = "messages.tmpl"
GOSSIP_PORT: Final = 9094
"""Over TCP and UDP: https://github.com/prometheus/alertmanager#high-availability."""

_LEAST_MEMORY: Final = timedelta(days=5)
"""How long is remembered what has been told, and silences that have ended: Alertmanager's own default."""


def alertmanager_config(args: ObservabilityArgs) -> dict[str, str]:
    """Return the ConfigMap's data: routes and receivers, and the texts of messages. Nothing without alerts."""
    alerts, dashboards = args.settings.alerts, args.settings.dashboards
    if alerts is None:
        return {}
    document: AlertmanagerDocument = {
        "route": route_tree(alerts),
        "inhibit_rules": inhibit_rules(),
        "receivers": receivers(alerts),
        "time_intervals": time_intervals(alerts),
        "templates": [f"{CONFIG}/{MESSAGES}"],
    }
    return {
        FILE: yaml_file(document),
        MESSAGES: message_templates(dashboards.url if dashboards else None),
    }


def alertmanager_secret_keys(alerts: Alerts) -> tuple[str, ...]:
    """Return the keys that the Secret ``alertmanager`` must have, each once."""
    return tuple(sorted({receiver_key(receiver) for receiver in every_receiver(alerts)}))


def alertmanager_workload(args: ObservabilityArgs) -> WorkloadSpec:
    """Return the StatefulSet of Alertmanager. Raises ValueError where the environment has no alerts.

    A changed configuration rolls the Pods, one after the other: Alertmanager reads it anew only when it is asked to,
    which would take a second container with the right to ask. Silences and what has been told lie on the volume, so
    that nothing is told twice, and of several replicas all but one run on. Credentials are read anew for each message:
    a changed Secret needs no restart.
    """
    alerts = args.settings.alerts
    if alerts is None:
        raise ValueError("Alertmanager is asked for, and the environment has no alerts")
    keys = alertmanager_secret_keys(alerts)
    volumes: dict[str, Volume] = {
        "storage": ClaimedVolume(claim=alerts.storage),
        "config": ConfigVolume(config=ALERTMANAGER),
    }
    mounts = {STORAGE: Mount(volume="storage"), CONFIG: Mount(volume="config", read_only=True)}
    if keys:
        # Only these keys: a missing one stops the Pod at its start, and not the first message at night.
        volumes["secrets"] = SecretVolume(
            secret=ALERTMANAGER, items={key: key for key in keys}, mode="0440", on_change="reload"
        )
        mounts[SECRETS] = Mount(volume="secrets", read_only=True)
    return WorkloadSpec(
        kind=WorkloadKind.STATEFUL_SET,
        language=Language.GO,
        image=versions.ALERTMANAGER_IMAGE,
        args=(
            f"--config.file={CONFIG}/{FILE}",
            f"--storage.path={STORAGE}",
            # Messages are told again by what is remembered of them, so that must last longer than the pause.
            f"--data.retention={duration_text(max(_LEAST_MEMORY, 2 * alerts.repeat))}",
            f"--web.external-url=http://{ALERTMANAGER}:{ALERTMANAGER_PORT}/",
            "--log.format=json",
            *_gossip(args),
        ),
        env=_own_address(alerts),
        ports=_ports(alerts),
        # Replicas are asked one by one, by their own names: each alert goes to all of them.
        service=ServiceSettings(headless=True),
        volumes=volumes,
        mounts=mounts,
        probes=Probes(
            startup=Probe(http="/-/ready", port=METRICS, failures=30),
            readiness=Probe(http="/-/ready", port=METRICS),
            liveness=Probe(http="/-/healthy", port=METRICS, failures=6),
        ),
        replicas=alerts.replicas,
        resources=alerts.resources,
        exceptions={
            HardenedDefault.SINGLE_REPLICA: "one is enough here by the environment's own choice; while its Pod moves, "
            "Prometheus sends alerts again and again until somebody takes them",
        }
        if alerts.replicas == 1
        else {},
    )


def _gossip(args: ObservabilityArgs) -> tuple[str, ...]:
    """Return how replicas agree on what has been told; one alone talks to nobody."""
    hosts = alertmanager_hosts(args)
    if len(hosts) < 2:
        return ("--cluster.listen-address=",)
    return (
        f"--cluster.listen-address=0.0.0.0:{GOSSIP_PORT}",
        # It would choose by itself only where Pods have private addresses.
        f"--cluster.advertise-address=$(POD_IP):{GOSSIP_PORT}",
        # Whoever gossips under another label is not listened to.
        f"--cluster.label={args.namespace}/{ALERTMANAGER}",
        *(f"--cluster.peer={host}:{GOSSIP_PORT}" for host in hosts),
    )


def _own_address(alerts: Alerts) -> dict[str, EnvironmentValue]:
    return {"POD_IP": FieldReference(field="status.podIP")} if alerts.replicas > 1 else {}


def _ports(alerts: Alerts) -> dict[str, Port]:
    """Return where it answers. Metrics come from the one port that everything else comes from."""
    ports = {METRICS: Port(number=ALERTMANAGER_PORT, app_protocol="http")}
    if alerts.replicas > 1:
        ports |= {
            "cluster": Port(number=GOSSIP_PORT, app_protocol="tcp"),
            # A mesh carries TCP alone, so the Service need not know of it: Pods reach each other by address.
            "cluster-udp": Port(number=GOSSIP_PORT, protocol=Protocol.UDP, exposed=False),
        }
    return ports
