"""How the agent that reads a node's logs runs. Pure."""

from datetime import timedelta
from typing import Final

from components import versions
from components.hardening import HardenedDefault
from components.observability.arguments import ObservabilityArgs
from components.observability.collector.parts.document import CONFIG_FILE
from components.observability.collector.parts.processors import collection_goal
from components.observability.log_agents.config import (
    NODE_FOLDER,
    NODE_NAME,
    PASSWORD,
    PODS_FOLDER,
    STATE_FOLDER,
    agent_settings,
    measures_nodes,
)
from components.observability.names import HEALTH_PATH, HEALTH_PORT, OTEL_AGENT, OWN_METRICS_PORT
from components.specs.container import Language, Mount
from components.specs.observability.backends import Login
from components.specs.observability.logs import InLoki, Logs, LogsInElasticsearch, LogsInKafka
from components.specs.pod import ConfigVolume, HostPath, Volume
from components.specs.ports import METRICS, Port
from components.specs.probes import Probe, Probes
from components.specs.variables import EnvironmentValue, FieldReference, SecretReference
from components.specs.workload import WorkloadKind, WorkloadSpec

CONFIG_FOLDER: Final = "/etc/otel-agent"
SECRET: Final = "logs"  # noqa: S105 - the name of a Secret, in the agents' namespace
HEALTH: Final = "health"
CRITICAL: Final = "system-node-critical"
"""A node without its agent is a node whose logs are lost: it is made room for, and evicted last."""
EXCEPTIONS: Final = {
    HardenedDefault.HOST_PATH: "containers' logs are files of the node, and it only reads them",
    HardenedDefault.WRITABLE_HOST_PATH: "how far it has read, and what is still to be sent, must outlive its Pods",
    HardenedDefault.RUN_AS_ROOT: "runtimes let only root read containers' logs; it has no capability of root's",
    HardenedDefault.SERVICE_ACCOUNT_TOKEN: "it asks the Kubernetes API for the labels of the Pods whose logs it reads",
}
"""What every agent needs that a service must not have."""


def storage_login(logs: Logs) -> Login | None:
    """Return how agents sign in to the storage; None where it asks nobody."""
    match logs.storage:
        case InLoki():
            return None
        case LogsInElasticsearch():
            return logs.storage.elasticsearch.login
        case LogsInKafka():
            return logs.storage.kafka.login


def log_secret_keys(logs: Logs) -> tuple[str, ...]:
    """Return the keys of the Secret ``logs`` in the agents' namespace; without any there is no such Secret."""
    login = storage_login(logs)
    return (login.password,) if login else ()


def agent_environment(logs: Logs) -> dict[str, EnvironmentValue]:
    """Return the variables that the configuration of an agent reads."""
    login = storage_login(logs)
    password = {PASSWORD: SecretReference(secret=SECRET, key=login.password)} if login else {}
    return {NODE_NAME: FieldReference(field="spec.nodeName"), **password}


def log_agent_workload(args: ObservabilityArgs) -> WorkloadSpec:
    """Return the DaemonSet of the Collectors that read logs, for ``logs.namespace``.

    It has no tolerations: no workload of the platform has any, so where its Pods run, these run too. Raises ValueError
    where the environment collects no logs.
    """
    logs, probe = agent_settings(args), {"http": HEALTH_PATH, "port": HEALTH}
    node: dict[str, Volume] = {"network": HostPath(host_path="/proc/1/net")} if measures_nodes(args) else {}
    return WorkloadSpec(
        kind=WorkloadKind.DAEMON_SET,
        language=Language.GO,
        image=versions.COLLECTOR_IMAGE,
        ports={METRICS: Port(number=OWN_METRICS_PORT), HEALTH: Port(number=HEALTH_PORT, app_protocol="http")},
        # Else records wait in memory for up to 100 ms, after the files count as read.
        args=(f"--config={CONFIG_FOLDER}/{CONFIG_FILE}", "--feature-gates=stanza.synchronousLogEmitter"),
        env={"GOMEMLIMIT": collection_goal(logs.resources.memory_limit), **agent_environment(logs)},
        volumes={
            "config": ConfigVolume(config=OTEL_AGENT),
            "pods": HostPath(host_path=PODS_FOLDER),
            "state": HostPath(host_path=STATE_FOLDER, writable=True),
            **node,
        },
        mounts={
            CONFIG_FOLDER: Mount(volume="config"),
            PODS_FOLDER: Mount(volume="pods"),
            STATE_FOLDER: Mount(volume="state"),
            **({f"{NODE_FOLDER}/proc/net": Mount(volume="network")} if node else {}),
        },
        probes=Probes(
            # It waits for the Kubernetes API, and gives back what an outage had filled.
            startup=Probe(**probe, period=timedelta(seconds=5), failures=60),
            readiness=Probe(**probe),
            liveness=Probe(**probe, failures=6),
        ),
        resources=logs.resources,
        pod_user=0,
        priority_class=CRITICAL,
        exceptions=EXCEPTIONS,
    )
