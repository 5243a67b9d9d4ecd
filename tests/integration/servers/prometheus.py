"""A real Prometheus, built from its Go module, and what the tests ask it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx2

from launcher.gobuild import built
from tests.integration.servers.flags import with_flags
from tests.integration.servers.processes import LOOPBACK, Process, free_port, is_ok
from tests.tools.prometheus import PROMETHEUS

T = TypeVar("T")

CONFIG: Final = "prometheus.yml"
_TIMEOUT: Final = 60.0
"""Seconds; queries of benchmarks over many series take their time."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A value of one series: https://prometheus.io/docs/prometheus/latest/querying/api/#instant-vectors."""

    labels: Mapping[str, str]
    """With `__name__` where the expression keeps it; empty for a scalar."""
    value: float
    at: float
    """Seconds since 1970."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An alert that is pending or firing."""

    name: str
    state: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule that the server evaluates."""

    group: str
    name: str
    kind: str
    """`recording` or `alerting`."""
    health: str
    """`ok`, `err`, or `unknown` before its first evaluation."""
    error: str
    seconds: float
    """What the last evaluation took."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the server scrapes."""

    url: str
    health: str
    error: str
    labels: Mapping[str, str]


@dataclass(kw_only=True)
class Prometheus:
    """A server that can be stopped and started again, with what it holds."""

    folder: Path
    arguments: Sequence[str] = ()
    """As the workload has them; files, folders and addresses are this machine's."""
    port: int = field(default_factory=free_port)
    _process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def address(self) -> str:
        """What a scrape job's target says."""
        return f"{LOOPBACK}:{self.port}"

    def start(self) -> None:
        flags = {
            "--config.file": str(self.folder / CONFIG),
            "--storage.tsdb.path": str(self.folder / "data"),
            "--web.listen-address": self.address,
            "--web.enable-lifecycle": None,
        }
        command = [built(PROMETHEUS), *with_flags(self.arguments, flags)]
        self._process = Process("prometheus", command, folder=self.folder)
        self._process.until(lambda: is_ok(f"{self.url}/-/ready"), "Prometheus is ready")

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def write(self, files: Mapping[str, str]) -> None:
        """Put configuration files, by their paths, into its folder."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def reload(self, files: Mapping[str, str]) -> None:
        """Write some configuration files anew and have them read; fails, with its words, where it refuses them."""
        assert self._process is not None, "it has not been started"
        self.write(files)
        answer = httpx2.post(f"{self.url}/-/reload", timeout=_TIMEOUT, trust_env=False)
        # The answer names the file alone, what it prints the reason.
        assert answer.is_success, f"Prometheus refuses its new configuration: {answer.text}{self._process.tail()}"

    def query(self, expression: str, *, at: float | None = None) -> list[Sample]:
        """The value of an expression, now or at a time in seconds since 1970. Fails where the server warns, too."""
        found = self._asked("query", query=expression, **({} if at is None else {"time": str(at)}))
        if found["resultType"] == "scalar":
            return [_sample({}, found["result"])]
        assert found["resultType"] == "vector", f"{expression} is a {found['resultType']}: ask for an instant vector"
        return [_sample(one["metric"], one["value"]) for one in found["result"]]

    def value(self, expression: str, *, at: float | None = None) -> float:
        """The value of an expression that has exactly one."""
        found = self.query(expression, at=at)
        assert len(found) == 1, f"{expression} has {len(found)} values: {found}"
        return found[0].value

    def series(self, expression: str, *, start: float, end: float, step: float) -> list[list[Sample]]:
        """The values of an expression over a time, one list for each series; times and steps in seconds."""
        found = self._asked("query_range", query=expression, start=str(start), end=str(end), step=str(step))
        return [[_sample(one["metric"], pair) for pair in one["values"]] for one in found["result"]]

    def exemplars(self, expression: str, *, start: float, end: float) -> list[Mapping[str, str]]:
        """The labels, such as `trace_id`, of the exemplars of the series in an expression."""
        found = self._asked("query_exemplars", query=expression, start=str(start), end=str(end))
        return [exemplar["labels"] for one in found for exemplar in one["exemplars"]]

    def metric_names(self) -> set[str]:
        """The names of all series that it holds."""
        return set(self._asked("label/__name__/values"))

    def active_series(self) -> int:
        """How many series its head block has."""
        return self._asked("status/tsdb")["headStats"]["numSeries"]

    def alerts(self) -> list[Alert]:
        return [
            Alert(
                name=one["labels"]["alertname"],
                state=one["state"],
                labels=one["labels"],
                annotations=one["annotations"],
            )
            for one in self._asked("alerts")["alerts"]
        ]

    def rules(self) -> list[Rule]:
        return [
            Rule(
                group=group["name"],
                name=one["name"],
                kind=one["type"],
                health=one["health"],
                error=one.get("lastError", ""),
                seconds=one["evaluationTime"],
            )
            for group in self._asked("rules")["groups"]
            for one in group["rules"]
        ]

    def targets(self) -> list[Target]:
        found = self._asked("targets", state="active")["activeTargets"]
        return [
            Target(url=one["scrapeUrl"], health=one["health"], error=one["lastError"], labels=one["labels"])
            for one in found
        ]

    def flags(self) -> Mapping[str, str]:
        """Every flag, without its dashes, with the value that it has."""
        return self._asked("status/flags")

    def until_scraped(self, *, within: float = _TIMEOUT) -> list[Target]:
        """Wait until each target has answered, and give them all; a failure names those that have not."""

        def up() -> list[Target]:
            found = self.targets()
            return found if all(one.health == "up" for one in found) else []

        try:
            return self.until(up, "every target answers", within=within)
        except AssertionError as failure:
            down = [f"{one.url}: {one.health} {one.error}" for one in self.targets() if one.health != "up"]
            failure.add_note("\n".join(down))
            raise

    def until(self, probe: Callable[[], T], why: str, *, within: float = _TIMEOUT) -> T:
        """As `eventually`, and fails at once where the server ends meanwhile."""
        assert self._process is not None, "it has not been started"
        return self._process.until(probe, why, within=within)

    def _asked(self, what: str, **parameters: str) -> Any:
        answer = httpx2.get(f"{self.url}/api/v1/{what}", params=parameters, timeout=_TIMEOUT, trust_env=False)
        body = answer.json()
        assert body["status"] == "success", f"{what} {parameters}: {body.get('error')}"
        assert not body.get("warnings"), f"{what} {parameters}: {body['warnings']}"
        return body["data"]


@contextmanager
def running(folder: Path, files: Mapping[str, str], arguments: Sequence[str] = ()) -> Generator[Prometheus]:
    """Run a server on these files, `prometheus.yml` among them, in `folder`; stop it at the end."""
    assert CONFIG in files, f"the server is started with {CONFIG}, but there are {sorted(files)} only"
    server = Prometheus(folder=folder, arguments=arguments)
    server.write(files)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _sample(labels: Mapping[str, str], pair: Sequence[Any]) -> Sample:
    at, value = pair
    return Sample(labels=labels, value=float(value), at=at)
