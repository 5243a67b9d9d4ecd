"""A real Jaeger, built from its Go module, and what the tests ask of the traces that it has."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

from launcher.gobuild import GoTool
from tests.integration.servers.collector import Collector
from tests.integration.servers.processes import PATIENCE
from tests.tools.jaeger import JAEGER

SEARCH: Final = 16686
_TIMEOUT: Final = 60.0
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Span:
    """A span as Jaeger shows it."""

    id: str
    parent: str | None
    """The id of the span that it is a child of."""
    service: str
    operation: str
    start: float
    """Seconds since 1970."""
    seconds: float
    tags: Mapping[str, Any]
    """Its attributes; `span.kind`, `error` and `otel.status_description` are Jaeger's names for what OTLP has apart."""
    resource: Mapping[str, Any]
    """Attributes of the process, without its service's name."""
    links: tuple[str, ...]
    """Ids of the traces that it is linked to."""


@dataclass(frozen=True, kw_only=True)
class Trace:
    """All spans with one trace id, in the order in which they began."""

    id: str
    spans: tuple[Span, ...]

    @property
    def services(self) -> set[str]:
        return {span.service for span in self.spans}

    @property
    def roots(self) -> list[Span]:
        """Those without a parent in the trace: one, where it is whole."""
        known = {span.id for span in self.spans}
        return [span for span in self.spans if span.parent not in known]

    @property
    def calls(self) -> set[tuple[str, str]]:
        """Caller and called, or who has published and who consumes: pairs of different services."""
        by_id = {span.id: span.service for span in self.spans}
        found = {(by_id.get(span.parent or "", span.service), span.service) for span in self.spans}
        return {(caller, called) for caller, called in found if caller != called}

    def of(self, service: str) -> list[Span]:
        return [span for span in self.spans if span.service == service]

    def lineage(self, span: Span) -> list[Span]:
        """From the root to the span itself."""
        by_id = {one.id: one for one in self.spans}
        found = [span]
        while (parent := by_id.get(found[0].parent or "")) is not None:
            assert parent not in found, f"trace {self.id} has a circle at {parent}"
            found.insert(0, parent)
        return found

    def drawn(self) -> str:
        """The tree as text, a line a span: for a failure's message."""
        return "\n".join(f"{'  ' * (len(self.lineage(one)) - 1)}{one.service}: {one.operation}" for one in self.spans)


@dataclass(kw_only=True)
class Jaeger(Collector):
    """A server that can be stopped, killed and started again; what it holds depends on its storage."""

    tool: GoTool = JAEGER

    @property
    def url(self) -> str:
        """Of its API and page."""
        return f"http://{self.ports.address(SEARCH)}"

    def services(self) -> set[str]:
        """The services that it has spans of."""
        return set(self._asked("services"))

    def trace(self, identifier: str) -> Trace | None:
        """One trace by its id of 32 hexadecimal digits; None where it has no span of it."""
        found = self._asked(f"traces/{identifier}", missing=[])
        return _trace(found[0]) if found else None

    def until_found(self, identifier: str, *, within: float = PATIENCE) -> Trace:
        """Wait until it has a span of that trace, and give what it has of it then."""
        found = self.until(lambda: self.trace(identifier), f"trace {identifier} is found", within=within)
        assert found is not None, "until gives what is true"
        return found

    def traces(self, service: str, *, limit: int = 20, **tags: str) -> list[Trace]:
        """The newest traces with a span of the service that has all the tags, which name attributes with `.`."""
        parameters = {"service": service, "limit": str(limit), "tags": json.dumps(tags)}
        return [_trace(one) for one in self._asked("traces", parameters)]

    def monitored(self, what: str, service: str, **parameters: str) -> list[float]:
        """The values of its Monitor tab, `calls`, `errors` or `latencies` (with `quantile`), of the last hour."""
        found = self._asked(f"metrics/{what}", {"service": service, **parameters})
        points = [point for metric in found["metrics"] for point in metric["metricPoints"]]
        return [float(point["gaugeValue"]["doubleValue"]) for point in points]

    def _asked(self, what: str, parameters: Mapping[str, str] | None = None, *, missing: Any = None) -> Any:
        answer = httpx2.get(f"{self.url}/api/{what}", params=parameters, timeout=_TIMEOUT, trust_env=False)
        if missing is not None and answer.status_code == httpx2.codes.NOT_FOUND:
            return missing
        assert answer.is_success, f"{what} {parameters}: {answer.status_code} {answer.text}"
        body = answer.json()
        # Metrics come as they are, all else in an envelope.
        return body.get("data", body) or []


@contextmanager
def running(
    folder: Path,
    text: str,
    replacements: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Generator[Jaeger]:
    """Run a Jaeger on the configuration `text` in `folder`; stop it at the end."""
    server = Jaeger(folder=folder, text=text, replacements=replacements or {}, environment=environment or {})
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _trace(found: Mapping[str, Any]) -> Trace:
    spans = [_span(one, found["traceID"], found["processes"][one["processID"]]) for one in found["spans"]]
    return Trace(id=found["traceID"], spans=tuple(sorted(spans, key=lambda one: one.start)))


def _span(found: Mapping[str, Any], trace: str, process: Mapping[str, Any]) -> Span:
    parents = [one["spanID"] for one in found["references"] if one["refType"] == "CHILD_OF" and one["traceID"] == trace]
    return Span(
        id=found["spanID"],
        parent=parents[0] if parents else None,
        service=process["serviceName"],
        operation=found["operationName"],
        start=found["startTime"] / _MICROSECONDS,
        seconds=found["duration"] / _MICROSECONDS,
        tags={tag["key"]: tag["value"] for tag in found["tags"]},
        resource={tag["key"]: tag["value"] for tag in process.get("tags", ())},
        links=tuple(one["traceID"] for one in found["references"] if one["traceID"] != trace),
    )
