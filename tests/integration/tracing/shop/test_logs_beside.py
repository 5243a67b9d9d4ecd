"""From a trace to its logs: what the services print of a request is in Loki, by the ids that Jaeger has."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from components.observability.loki.server import DATA_FOLDER, FILE
from components.observability.names import LOKI
from tests.integration.contracts.test_traces import w3c
from tests.integration.logs import agents
from tests.integration.logs.entries import found
from tests.integration.servers import loki
from tests.integration.tracing.shop.test_one_trace import EVERY, order_and_look
from tests.integration.tracing.shop.traced_shop import WHOLE, TracedShop


def test_every_services_lines_of_a_request_are_found_by_its_trace(traced: TracedShop, tmp_path: Path) -> None:
    identifier = secrets.token_hex(16)
    order_and_look(traced, w3c(identifier))
    traced.until_traced(identifier, *EVERY)
    (tmp_path / "loki").mkdir()
    replacements = {f'"{DATA_FOLDER}': f'"{tmp_path / "loki" / "data"}'}
    config = traced.platform.config_maps[LOKI][FILE]
    namespace = traced.platform.namespace.name
    with (
        loki.running(tmp_path / "loki", config, replacements) as server,
        agents.running(tmp_path / "node", traced.args, server.url) as node,
    ):
        printed = {}
        for name, service in traced.services.items():
            service.until_logged(trace_id=identifier)
            # Read once: what is printed later is neither written nor expected. The last line may still be half one.
            text = service.process.output.read_text().rpartition("\n")[0]
            node.container(name, namespace=namespace).write(text)
            printed[name] = [one for one in map(json.loads, text.splitlines()) if one.get("trace_id") == identifier]
        count = sum(map(len, printed.values()))
        entries = found(server, f'{{k8s_namespace_name="{namespace}"}} | trace_id="{identifier}"', count)
        others = server.entries(f'{{k8s_namespace_name="{namespace}"}} | trace_id="{secrets.token_hex(16)}"')
    assert not others, "the id is what is looked for"
    by_service = {name: [one for one in entries if one.labels["service_name"] == name] for name in EVERY}
    assert {name: len(lines) for name, lines in by_service.items()} == {
        name: len(lines) for name, lines in printed.items()
    }
    for name, lines in by_service.items():
        assert [json.loads(one.line)["msg"] for one in lines] == [one["msg"] for one in printed[name]]
        told = {one.labels["span_id"] for one in lines}
        traced.jaeger.until(
            lambda name=name, told=told: told <= spans(traced, identifier, name),
            f"each line of {name} leads to a span in Jaeger: {told}",
            within=WHOLE,
        )


def spans(traced: TracedShop, identifier: str, service: str) -> set[str]:
    """The ids of the spans that Jaeger has of a service in a trace."""
    trace = traced.jaeger.trace(identifier)
    return {span.id for span in trace.of(service)} if trace else set()
