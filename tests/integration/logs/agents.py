"""The agent of a node on this machine: the real Collector on the generated configuration, with folders of its own."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from components.observability.arguments import ObservabilityArgs
from components.observability.collector.parts.document import CONFIG_FILE
from components.observability.log_agents.config import (
    NODE_FOLDER,
    NODE_NAME,
    PODS_FOLDER,
    STATE_FOLDER,
    log_agent_config,
)
from components.observability.log_agents.workload import log_agent_workload
from components.observability.names import LOKI, LOKI_PORT
from tests.integration.logs.played_node import Container
from tests.integration.servers.collector import Collector

NODE: Final = "node-1"
READ: Final = "otelcol_receiver_accepted_log_records_total"
SENT: Final = "otelcol_exporter_sent_log_records_total"
WAITING: Final = "otelcol_exporter_queue_size"
ROOM: Final = "otelcol_exporter_queue_capacity"
"""Bytes: what waits for the storage, and what may."""


@dataclass(kw_only=True)
class Node:
    """A node with its Pods' files, and the agent that reads them."""

    folder: Path
    args: ObservabilityArgs
    backends: Mapping[str, str]
    """Addresses in the configuration → those of this machine, where somebody listens or will."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Further variables of the agent's."""
    kubeconfig: Path | None = None
    """How the agent logs in at the Kubernetes API, in place of its account's token; without one it doesn't ask."""
    agent: Collector = field(init=False)

    def __post_init__(self) -> None:
        for folder in (self.pods, self.state, self.hostfs / "proc" / "net"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.hostfs / "proc" / "net" / "dev").write_text(Path("/proc/net/dev").read_text())
        self.agent = Collector(
            folder=self.folder,
            text=asking(log_agent_config(self.args)[CONFIG_FILE], self.kubeconfig),
            replacements={
                PODS_FOLDER: str(self.pods),
                STATE_FOLDER: str(self.state),
                NODE_FOLDER: str(self.hostfs),
                **self.backends,
            },
            environment={
                NODE_NAME: NODE,
                **({"KUBECONFIG": str(self.kubeconfig)} if self.kubeconfig else {}),
                **self.environment,
            },
            arguments=[one for one in log_agent_workload(self.args).args if not one.startswith("--config")],
        )

    @property
    def pods(self) -> Path:
        return self.folder / "pods"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def hostfs(self) -> Path:
        return self.folder / "hostfs"

    def until_noted(self) -> None:
        """Wait until the agent has written down how far it has read by now, as it does after each look."""

        def written() -> int:
            return max(file.stat().st_mtime_ns for file in self.state.glob("receiver_*"))

        for _ in range(2):  # the first may be half written, or of a look that was about to end
            before = written()
            self.agent.until(lambda before=before: written() > before, "the places in the files are written down")

    def container(self, name: str, *, namespace: str = "shop") -> Container:
        return Container(pods=self.pods, namespace=namespace, pod=f"{name}-7d9f8b6c5-x2x7k", name=name)


def asking(text: str, kubeconfig: Path | None) -> str:
    """The configuration with a kubeconfig for look-ups at the Kubernetes API, or without look-ups."""
    document: dict[str, Any] = json.loads(text)
    for name in [one for one in document["processors"] if one.startswith("k8s_attributes/")]:
        if kubeconfig:
            document["processors"][name]["auth_type"] = "kubeConfig"
        else:
            del document["processors"][name]
            document["service"]["pipelines"]["logs"]["processors"].remove(name)
    return json.dumps(document)


@contextmanager
def started(node: Node) -> Generator[Node]:
    """Run a node's agent; stop it at the end."""
    try:
        node.agent.start()
        yield node
    finally:
        node.agent.stop()


@contextmanager
def running(folder: Path, args: ObservabilityArgs, backend: str, kubeconfig: Path | None = None) -> Generator[Node]:
    """Run an agent in `folder` that sends to a Loki, `http://127.0.0.1:…`; stop it at the end."""
    backends = {f"http://{LOKI}.{args.namespace}:{LOKI_PORT}": backend}
    with started(Node(folder=folder, args=args, backends=backends, kubeconfig=kubeconfig)) as node:
        yield node
