"""A real Alertmanager, built from its Go module, and what the tests ask it."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

from launcher.gobuild import built
from launcher.private_file import write_private
from tests.integration.servers.flags import with_flags
from tests.integration.servers.processes import LOOPBACK, Process, free_port, is_ok
from tests.tools.alertmanager import ALERTMANAGER

CONFIG: Final = "alertmanager.yml"
ALONE: Final = "--cluster.listen-address="
"""The flag of a server without peers: it doesn't wait for them, which takes seconds."""
_TIMEOUT: Final = 30.0


@dataclass(kw_only=True)
class Alertmanager:
    """A server that can be stopped and started again, with what it holds."""

    folder: Path
    arguments: Sequence[str] = ()
    """As the workload has them; files, folders, addresses and peers are this machine's."""
    peers: Sequence[Alertmanager] = ()
    """Running ones that it gossips with."""
    port: int = field(default_factory=free_port)
    gossip_port: int = field(default_factory=free_port)
    _process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def address(self) -> str:
        """What Prometheus' `alerting` section and amtool's `--alertmanager.url` say."""
        return f"{LOOPBACK}:{self.port}"

    def start(self) -> None:
        flags = {
            "--config.file": str(self.folder / CONFIG),
            "--storage.path": str(self.folder / "data"),
            "--web.listen-address": self.address,
        }
        if ALONE not in self.arguments:
            flags["--cluster.listen-address"] = f"{LOOPBACK}:{self.gossip_port}"
        # This flag alone may be there several times, and the workload's own names Pods.
        own = [one for one in self.arguments if not one.startswith(("--cluster.peer=", "--cluster.advertise-address="))]
        peers = [f"--cluster.peer={LOOPBACK}:{one.gossip_port}" for one in self.peers]
        command = [built(ALERTMANAGER), *with_flags(own, flags), *peers]
        self._process = Process("alertmanager", command, folder=self.folder)
        self._process.until(lambda: is_ok(f"{self.url}/-/ready"), "Alertmanager is ready")

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def write(self, files: Mapping[str, str]) -> None:
        """Put configuration files, by their paths, into its folder."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, text.encode())

    def reload(self, files: Mapping[str, str]) -> None:
        """Write some configuration files anew and have them read; fails, with its words, where it refuses them."""
        self.write(files)
        answer = httpx2.post(f"{self.url}/-/reload", timeout=_TIMEOUT, trust_env=False)
        assert answer.is_success, f"Alertmanager refuses its new configuration: {answer.text}"

    def alerts(self, *filters: str) -> list[Mapping[str, Any]]:
        """The alerts that it holds, with `labels`, `annotations`, `receivers` and `status` (state, inhibitedBy,
        silencedBy, mutedBy); only those that all matchers match, such as `severity="page"`.
        """
        return self._asked("alerts", {"filter": filters})

    def peer_count(self) -> int:
        """How many servers gossip, itself included."""
        return len(self._asked("status", {})["cluster"].get("peers", []))

    def send(self, *alerts: Mapping[str, str], annotations: Mapping[str, str] | None = None) -> None:
        """Send alerts with these labels, as Prometheus does."""
        body = [{"labels": dict(labels), "annotations": dict(annotations or {})} for labels in alerts]
        answer = httpx2.post(f"{self.url}/api/v2/alerts", json=body, timeout=_TIMEOUT, trust_env=False)
        assert answer.is_success, f"Alertmanager refuses {body}: {answer.text}"

    def _asked(self, what: str, parameters: Mapping[str, Sequence[str]]) -> Any:
        answer = httpx2.get(f"{self.url}/api/v2/{what}", params=parameters, timeout=_TIMEOUT, trust_env=False)
        assert answer.is_success, f"{what} {parameters}: {answer.text}"
        return answer.json()


@contextmanager
def running(
    folder: Path, files: Mapping[str, str], arguments: Sequence[str] = (), *, peers: Sequence[Alertmanager] = ()
) -> Generator[Alertmanager]:
    """Run a server on these files, `alertmanager.yml` among them, in `folder`; stop it at the end.

    Credentials may be among the files, so nobody else may read them.
    """
    assert CONFIG in files, f"the server is started with {CONFIG}, but there are {sorted(files)} only"
    server = Alertmanager(folder=folder, arguments=arguments, peers=peers)
    server.write(files)
    try:
        server.start()
        yield server
    finally:
        server.stop()
