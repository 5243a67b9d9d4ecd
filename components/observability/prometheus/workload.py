"""How Prometheus runs. Pure.

Flags: https://prometheus.io/docs/prometheus/latest/command-line/prometheus/
"""

from datetime import timedelta
from typing import Final

from components import versions
from components.hardening import HardenedDefault
from components.observability.arguments import ObservabilityArgs
from components.observability.names import PROMETHEUS, PROMETHEUS_PORT, RULES, past_the_proxy
from components.observability.prometheus.config import CONFIG_FILE, RULES_FOLDER, SECRETS_FOLDER, secret_keys
from components.observability.prometheus.scrape_jobs import KUBELET_PORT, PROXY_PORT
from components.specs.container import Language, Mount
from components.specs.pod import ApiAccess, ClaimedVolume, ConfigVolume, SecretVolume, ServiceSettings, Volume
from components.specs.ports import METRICS, Port
from components.specs.probes import Probe, Probes
from components.specs.variables import FieldReference
from components.specs.workload import WorkloadKind, WorkloadSpec

CONFIG_FOLDER: Final = "/etc/prometheus/config"
DATA_FOLDER: Final = "/prometheus"
RELOAD: Final = timedelta(seconds=30)
"""How soon a changed file is read, after the kubelet has brought it: that alone takes a minute or so."""
REPLAY: Final = timedelta(minutes=15)
"""How long the write-ahead log may be read at the start: a killed server would only begin again."""
API_ACCESS: Final = (ApiAccess(resources=("pods",), verbs=("list", "watch")),)
"""All that discovery needs of a namespace."""
TOKEN_REASON: Final = "it finds the Pods that it scrapes through the Kubernetes API"  # noqa: S105 - a sentence
ONE_REPLICA: Final = "this environment keeps one copy of its metrics; metrics.replicas: 2 keeps two"


def prometheus_workload(args: ObservabilityArgs) -> WorkloadSpec:
    """Return the StatefulSet of Prometheus: with two replicas a pair that collects the same twice.

    Its one port answers queries, takes OTLP metrics in, and serves its own. There is no admin API and no reload by
    HTTP: whoever reaches the port may read and push, and nothing else.

    Raises ValueError where the platform runs no Prometheus of its own.
    """
    settings = args.settings.metrics
    if settings.storage is None:
        raise ValueError("without storage Prometheus is the operator's: it runs there")
    secrets, period = secret_keys(settings), timedelta(seconds=15)
    volumes: dict[str, Volume] = {
        "data": ClaimedVolume(claim=settings.storage, storage_class=settings.storage_class),
        "config": ConfigVolume(config=PROMETHEUS, on_change="reload"),
        "rules": ConfigVolume(config=RULES, on_change="reload"),
        # It is read anew for each request.
        **({"secrets": SecretVolume(secret=PROMETHEUS, mode="0440", on_change="reload")} if secrets else {}),
    }
    return WorkloadSpec(
        kind=WorkloadKind.STATEFUL_SET,
        language=Language.GO,
        image=versions.PROMETHEUS_IMAGE,
        ports={METRICS: Port(number=PROMETHEUS_PORT, app_protocol="http")},
        args=(
            f"--config.file={CONFIG_FOLDER}/{CONFIG_FILE}",
            "--config.auto-reload",
            f"--config.auto-reload-interval={int(RELOAD.total_seconds())}s",
            f"--storage.tsdb.path={DATA_FOLDER}",
            "--enable-feature=exemplar-storage",
            "--web.enable-otlp-receiver",
            # The default lets pages of any origin read it, through the browser of whoever has opened a tunnel to it.
            "--web.cors.origin=^$",
            "--log.format=json",
        ),
        env={"POD_NAME": FieldReference(field="metadata.name")},
        volumes=volumes,
        mounts={
            DATA_FOLDER: Mount(volume="data"),
            CONFIG_FOLDER: Mount(volume="config"),
            RULES_FOLDER: Mount(volume="rules"),
            **({SECRETS_FOLDER: Mount(volume="secrets")} if secrets else {}),
        },
        probes=Probes(
            startup=Probe(http="/-/ready", port=METRICS, period=period, failures=REPLAY // period),
            readiness=Probe(http="/-/ready", port=METRICS, timeout=timedelta(seconds=3)),
            liveness=Probe(http="/-/healthy", port=METRICS, timeout=timedelta(seconds=3), failures=6),
        ),
        replicas=settings.replicas,
        resources=settings.resources,
        # The replicas' samples differ by the moment of each scrape: a graph should not jump between them.
        service=ServiceSettings(session_affinity=settings.replicas > 1),
        # Time to close its files, and to send the last alerts and samples.
        termination_grace=timedelta(minutes=2),
        annotations=past_the_proxy(args, PROXY_PORT, KUBELET_PORT),
        api_access=API_ACCESS,
        exceptions={
            HardenedDefault.SERVICE_ACCOUNT_TOKEN: TOKEN_REASON,
            **({HardenedDefault.SINGLE_REPLICA: ONE_REPLICA} if settings.replicas == 1 else {}),
        },
    )
