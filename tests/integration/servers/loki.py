"""A real Loki, built from its Go module, and what the tests ask of the logs that it has."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx2
import yaml

from launcher.gobuild import built
from launcher.private_file import write_private
from tests.integration.servers.flags import with_flags
from tests.integration.servers.processes import LOOPBACK, PATIENCE, Process, free_port, is_ok
from tests.tools.loki import LOKI

T = TypeVar("T")

CONFIG: Final = "loki.yaml"
_TIMEOUT: Final = 60.0
_NANOSECONDS: Final = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of a log."""

    line: str
    labels: Mapping[str, str]
    """Of its stream, and its structured metadata, such as `trace_id`."""
    at: float
    """Seconds since 1970."""


@dataclass(kw_only=True)
class Loki:
    """A server that can be stopped, killed and started again, with what it holds."""

    folder: Path
    text: str
    """The configuration as the cluster gets it."""
    replacements: Mapping[str, str] = field(default_factory=dict)
    """Folders of the cluster → those of this machine."""
    arguments: Sequence[str] = ()
    """As the workload has them; the file and the addresses are this machine's."""
    port: int = field(default_factory=free_port)
    grpc_port: int = field(default_factory=free_port)
    _process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    def start(self) -> None:
        path, text = self.folder / CONFIG, self.text
        for here, there in self.replacements.items():
            assert here in text, f"{here} is nowhere in the configuration"
            text = text.replace(here, there)
        write_private(path, text.encode())
        # Flags count more than the file. The last two shorten its start, which waits for others to hear of it.
        flags = {
            "-config.file": str(path),
            "-server.http-listen-address": LOOPBACK,
            "-server.http-listen-port": str(self.port),
            "-server.grpc-listen-address": LOOPBACK,
            "-server.grpc-listen-port": str(self.grpc_port),
            "-ingester.min-ready-duration": "0s",
            "-frontend.scheduler-dns-lookup-period": "1s",
        }
        self._process = Process("loki", [built(LOKI), *with_flags(self.arguments, flags)], folder=self.folder)
        self._process.until(lambda: is_ok(f"{self.url}/ready"), "Loki is ready")

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """End it as a crash does."""
        assert self._process is not None, "it has not been started"
        self._process.kill()

    def entries(self, query: str, *, since: str = "1h", limit: int = 1000) -> list[Entry]:
        """What a LogQL query such as `{service_name="users"} | trace_id="…"` finds in the last time, oldest first."""
        found = self._asked("query_range", query=query, since=since, limit=str(limit), direction="forward")
        assert found["resultType"] == "streams", f"{query} is a {found['resultType']}: ask for lines"
        entries = [
            Entry(line=line, labels=stream["stream"], at=int(at) / _NANOSECONDS)
            for stream in found["result"]
            for at, line in stream["values"]
        ]
        return sorted(entries, key=lambda one: one.at)

    def labels(self) -> set[str]:
        """The names of the labels by which it tells streams apart; structured metadata is not among them."""
        return set(self._asked("labels") or ())

    def settings(self) -> Mapping[str, Any]:
        """All settings that are in force."""
        answer = httpx2.get(f"{self.url}/config", timeout=_TIMEOUT, trust_env=False).raise_for_status()
        return yaml.safe_load(answer.text)

    def until(self, probe: Callable[[], T], why: str, *, within: float = PATIENCE) -> T:
        """As `eventually`, and fails at once where the server ends meanwhile."""
        assert self._process is not None, "it has not been started"
        return self._process.until(probe, why, within=within)

    def _asked(self, what: str, **parameters: str) -> Any:
        answer = httpx2.get(f"{self.url}/loki/api/v1/{what}", params=parameters, timeout=_TIMEOUT, trust_env=False)
        assert answer.is_success, f"{what} {parameters}: {answer.text}"
        return answer.json().get("data")


@contextmanager
def running(
    folder: Path, text: str, replacements: Mapping[str, str] | None = None, arguments: Sequence[str] = ()
) -> Generator[Loki]:
    """Run a Loki on the configuration `text` in `folder`; stop it at the end."""
    server = Loki(folder=folder, text=text, replacements=replacements or {}, arguments=arguments)
    try:
        server.start()
        yield server
    finally:
        server.stop()
