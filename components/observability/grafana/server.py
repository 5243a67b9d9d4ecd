"""Grafana: what it is provisioned with, and how it runs. Pure.

Everything comes from files, so it keeps nothing: a restart ends sessions, and loses what somebody has tried out.
"""

from typing import Final

from components import versions
from components.hardening import HardenedDefault
from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards.index import config_map_name, entries
from components.observability.grafana.provisioning import dashboard_folder, dashboard_providers, data_sources
from components.observability.grafana.settings import ADMIN_PASSWORD, SECRETS, grafana_settings
from components.observability.names import GRAFANA
from components.specs.container import Language, Mount
from components.specs.observability.dashboards import Dashboards
from components.specs.pod import ConfigVolume, EmptyDirectory, SecretVolume, Volume
from components.specs.ports import METRICS, Port
from components.specs.probes import Probe, Probes
from components.specs.workload import WorkloadSpec
from components.yaml_text import yaml_file

PORT: Final = 3000
DATA: Final = "/var/lib/grafana"
"""Its database and what plugins write."""
PROVISIONING: Final = "/etc/grafana/provisioning"

_FILES: Final = {"datasources": "datasources.yaml", "dashboards": "dashboards.yaml"}
"""A folder of the provisioning's → the file in it, and the key of the ConfigMap."""


def grafana_config(args: ObservabilityArgs, *, traces: str | None = None, logs: str | None = None) -> dict[str, str]:
    """Return the ConfigMap's data: data sources and folders.

    `traces` and `logs` are the addresses of Jaeger's and Loki's APIs, where the platform has them, such as
    ``http://jaeger:16686``.
    """
    sources, folders = data_sources(args, traces=traces, logs=logs), dashboard_providers(args)
    return {
        _FILES["datasources"]: yaml_file(sources),
        _FILES["dashboards"]: yaml_file(folders),
    }


def grafana_secret_keys(dashboards: Dashboards) -> tuple[str, ...]:
    """Return the keys that the Secret ``grafana`` must have."""
    return (ADMIN_PASSWORD, *((dashboards.oidc.secret,) if dashboards.oidc else ()))


def grafana_workload(args: ObservabilityArgs) -> WorkloadSpec:
    """Return the Deployment of Grafana. Raises ValueError where the environment has no dashboards.

    Data sources are read at its start, so a change of theirs rolls the Pods; changed dashboards are read as they come.
    """
    dashboards = args.settings.dashboards
    if dashboards is None:
        raise ValueError("Grafana is asked for, and the environment has no dashboards")
    volumes: dict[str, Volume] = {
        "data": EmptyDirectory(empty=dashboards.resources.ephemeral_storage),
        "secrets": SecretVolume(
            secret=GRAFANA, items={key: key for key in grafana_secret_keys(dashboards)}, mode="0440"
        ),
    }
    mounts = {DATA: Mount(volume="data"), SECRETS: Mount(volume="secrets", read_only=True)}
    for folder, file in _FILES.items():
        # One by one: the image's other folders of provisioning stay as they are.
        volumes[folder] = ConfigVolume(config=GRAFANA, items={file: file})
        mounts[f"{PROVISIONING}/{folder}"] = Mount(volume=folder, read_only=True)
    for entry in entries(args):
        name = f"dashboard-{entry.uid}"
        volumes[name] = ConfigVolume(config=config_map_name(entry.uid), on_change="reload")
        mounts[dashboard_folder(entry)] = Mount(volume=name, read_only=True)
    return WorkloadSpec(
        language=Language.GO,
        image=versions.GRAFANA_IMAGE,
        env=grafana_settings(dashboards),
        ports={METRICS: Port(number=PORT, app_protocol="http")},
        volumes=volumes,
        mounts=mounts,
        probes=Probes(
            # It makes its database first.
            startup=Probe(http="/healthz", port=METRICS, failures=60),
            readiness=Probe(http="/api/health", port=METRICS),
            liveness=Probe(http="/healthz", port=METRICS, failures=6),
        ),
        replicas=1,
        resources=dashboards.resources,
        exceptions={
            HardenedDefault.SINGLE_REPLICA: "sessions are kept in its own database, so a second replica would not know "
            "them; all else is provisioned, and a new Pod has it within a minute",
        },
    )
