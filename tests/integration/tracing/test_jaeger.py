"""Jaeger with a storage of its own: what it is told is found, for as long as it is to be kept, whatever happens."""

from __future__ import annotations

import json
import math
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from components.observability.arguments import ObservabilityArgs
from components.observability.collector.parts.processors import collection_goal
from components.observability.jaeger.config import FILE, jaeger_config, jaeger_config_maps
from components.observability.jaeger.storage import VOLUME
from tests.integration.servers import prometheus
from tests.integration.servers.collector import complaint
from tests.integration.servers.jaeger import Jaeger
from tests.integration.servers.spans import MadeTrace, OverGrpc, Sender, Shape, made, send
from tests.integration.tracing import tiers
from tests.observability.tracing.stored import OPERATED, VARIANTS, traced
from tests.tools.jaeger import JAEGER as TOOL

PROMETHEUS: Final = "http://prometheus:9090"


def server(args: ObservabilityArgs, folder: Path, replacements: dict[str, str] | None = None) -> Jaeger:
    """The platform's Jaeger, not started yet; nobody asks it for span metrics unless the test says where they are."""
    text, words = jaeger_config(args)[FILE], {PROMETHEUS: "http://127.0.0.1:1"}
    here = words | {VOLUME: str(folder / "traces")} | (replacements or {})
    return Jaeger(
        folder=folder,
        text=text,
        replacements={there: local for there, local in here.items() if there in text},
    )


def badger(**settings: Any) -> ObservabilityArgs:
    return traced({"badger": "10Gi"}, **settings)


def told(running: Jaeger, count: int = 20) -> list[MadeTrace]:
    """Send so many traces one by one, all of which it takes."""
    outcome = send(made(count, Shape()), [OverGrpc(running.otlp)], batch=1)
    assert not outcome.refused, outcome.refusals
    return outcome.traces


def lost(running: Jaeger, traces: list[MadeTrace]) -> list[str]:
    """Those of the traces that it does not find, or not as a whole."""
    found = {one.id: running.trace(one.id) for one in traces}
    return [
        one.id for one in traces if (trace := found[one.id]) is None or {span.id for span in trace.spans} != _ids(one)
    ]


def _ids(trace: MadeTrace) -> set[str]:
    return {span.span_id.hex() for span in trace.spans.values()}


def told_and_found(running: Jaeger, count: int = 20) -> list[MadeTrace]:
    """The same where their time is soon over: each is looked for before the next one is sent."""
    found = []
    for _ in range(count):
        found += told(running, 1)
        assert not lost(running, found[-1:]), "it is kept at first"
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_jaeger_itself_accepts_every_file(variant: str, tmp_path: Path) -> None:
    for name, files in jaeger_config_maps(VARIANTS[variant]).items():
        assert not complaint(files[FILE], tmp_path, tool=TOOL), name


@pytest.mark.parametrize(
    ("planted", "told_of"),
    [
        (('"max_traces"', '"maximum_traces"'), "maximum_traces"),
        (('"trace_storage": "traces"', '"trace_storage": ""'), "TraceStorage"),
        (('"exporters": [\n          "jaeger_', '"exporters": [\n          "jaegers_'), "jaegers_"),
        (('"check_interval"', '"check_intervals"'), "check_intervals"),
    ],
)
def test_its_check_sees_what_is_wrong(planted: tuple[str, str], told_of: str, tmp_path: Path) -> None:
    text = next(
        text for text in (jaeger_config(VARIANTS[one])[FILE] for one in ("memory", "badger")) if planted[0] in text
    )
    assert told_of in complaint(text.replace(*planted), tmp_path, tool=TOOL)


@pytest.mark.parametrize("variant", ["memory", "badger", "badger-beside-an-operator"])
def test_what_it_is_told_is_found_whole_and_with_its_tree(variant: str, tmp_path: Path) -> None:
    running = server(VARIANTS[variant], tmp_path)
    try:
        running.start()
        traces = told(running)
        assert not lost(running, traces), (
            "what is taken is stored when the sender hears of it, so nothing is waited for"
        )
        assert running.services() >= {"gateway", "orders", "users"}
        trace = running.trace(traces[0].id)
        assert trace is not None
        (root,) = trace.roots
        assert [one.service for one in trace.lineage(*trace.of("users"))] == ["gateway", "orders", "users"]
        assert root.service == "gateway", trace.drawn()
        assert running.total("otelcol_exporter_sent_spans_total") == 60, "and its own metrics count them"
    finally:
        running.stop()


def test_of_more_traces_than_fit_into_memory_the_oldest_go(tmp_path: Path) -> None:
    running = server(traced({"memory": 10}, retention=None), tmp_path)
    try:
        running.start()
        traces = told(running, 40)
        assert len(lost(running, traces)) == 30, "the setting counts traces"
        assert not lost(running, traces[-5:]), "the newest are those that somebody looks for"
    finally:
        running.stop()


def test_traces_on_a_volume_outlive_a_restart_and_a_crash(tmp_path: Path) -> None:
    running = server(badger(), tmp_path)
    try:
        running.start()
        before_restart = told(running)
        running.stop()
        running.start()
        assert not lost(running, before_restart)
        before_crash = told(running, 200)
        running.kill()
        running.start()
        assert not lost(running, before_restart + before_crash), "an answer to a sender is a promise"
    finally:
        running.stop()


def test_traces_on_a_volume_go_when_their_time_is_over(tmp_path: Path) -> None:
    running = server(badger(retention="4s"), tmp_path)
    try:
        running.start()
        traces = told_and_found(running)
        running.until(lambda: len(lost(running, traces)) == len(traces), "old traces go", within=15)
        told_and_found(running)
    finally:
        running.stop()


class _Stubborn:
    """A sender that tries again, as the Collectors do, until it is heard."""

    def __init__(self, address: str) -> None:
        self._sender: Sender = OverGrpc(address)
        self.again = 0

    def send(self, request: Any) -> str:
        while refusal := self._sender.send(request):
            assert refusal == "UNAVAILABLE", f"{refusal} is no answer after which Collectors try again"
            self.again += 1
            time.sleep(0.05)
        return ""


def test_with_little_memory_it_refuses_for_a_while_and_loses_nothing(tmp_path: Path) -> None:
    memory = "256Mi"
    running = server(badger(resources={"cpu": "200m", "memory": memory}), tmp_path)
    running.environment = {"GOMEMLIMIT": collection_goal(memory), "GOMAXPROCS": "1"}
    try:
        running.start()
        sender = _Stubborn(running.otlp)
        shape = Shape(attributes={f"key-{number}": "v" * 200 for number in range(20)})
        sent = send(made(6_000, shape), [sender], batch=100).traces
        assert not lost(running, sent[::200]), "what was refused was sent again"
        assert sender.again, "this test asks for more than the memory holds, so that the limiter is seen at work"
    finally:
        running.stop()


def test_the_monitor_tab_shows_what_the_collectors_count(tmp_path: Path) -> None:
    args = badger()
    (jaeger_folder := tmp_path / "jaeger").mkdir()
    (prometheus_folder := tmp_path / "prometheus").mkdir()
    nothing = {prometheus.CONFIG: json.dumps({"scrape_configs": []})}
    with ExitStack() as stack:
        metrics = stack.enter_context(prometheus.running(prometheus_folder, nothing, ["--web.enable-otlp-receiver"]))
        running = server(args, jaeger_folder, {PROMETHEUS: metrics.url})
        stack.callback(running.stop)
        running.start()
        collectors = stack.enter_context(tiers.running(tmp_path / "collectors", args, running.otlp, metrics.url))
        shape = Shape(errors=0.5, seconds=0.3)

        def shown(what: str, **parameters: str) -> list[float]:
            send(made(20, shape), collectors.senders())
            found = running.monitored(what, "users", spanKind="server", **parameters)
            return [value for value in found if not math.isnan(value) and value > 0]

        calls = running.until(lambda: shown("calls"), "calls have a rate", within=90)
        errors = running.until(lambda: shown("errors"), "errors have a share", within=90)
        seconds = running.until(lambda: shown("latencies", quantile="0.95"), "durations have quantiles", within=90)
    assert calls[-1] > 0
    assert errors[-1] == pytest.approx(0.5, abs=0.2), "half of the traces fail, and they do in this service"
    assert 50 < seconds[-1] < 1000, f"spans of a tenth of a second, in milliseconds, and not {seconds[-1]}"


def test_beside_an_operators_prometheus_there_is_no_monitor_tab(tmp_path: Path) -> None:
    running = server(badger(metrics=OPERATED), tmp_path)
    try:
        running.start()
        with pytest.raises(AssertionError, match="501"):
            running.monitored("calls", "users")
    finally:
        running.stop()
