"""What the Collectors are told: in which order, behind which queues, and which traces are kept."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from components.observability.arguments import ObservabilityArgs
from components.observability.collector.config import collector_config, sampler_config, sidecar_config
from components.observability.collector.destinations import BALANCER_SHARE, QUEUE_FOLDER
from components.observability.collector.parts.processors import collection_goal
from components.observability.collector.sampling import SLOW, thresholds
from components.quantities import byte_count, read_duration
from components.specs.observability.tracing import SHARE_FOR_TRACES, SPAN_BYTES
from tests.observability.rules.platforms import SERVICES, platform
from tests.observability.tracing.traced import OPERATED, TAIL, VARIANTS, document, traced

DOCUMENTS: dict[str, dict[str, Any]] = {
    **{name: document(collector_config(args)) for name, args in VARIANTS.items()},
    **{
        f"{name}-sampler": document(sampler_config(args))
        for name, args in VARIANTS.items()
        if args.settings.tracing and args.settings.tracing.sampling.tail
    },
    "sidecar": document(sidecar_config()),
}


def from_spans(found: dict[str, Any]) -> dict[str, Any]:
    """The pipelines that take what services send."""
    return {name: one for name, one in found["service"]["pipelines"].items() if "otlp" in one["receivers"]}


def exporter(found: dict[str, Any], kind: str) -> dict[str, Any]:
    (one,) = (one for name, one in found["exporters"].items() if name.startswith(kind))
    return one


@pytest.mark.parametrize("name", DOCUMENTS)
def test_memory_is_limited_before_anything_else_is_done(name: str) -> None:
    pipelines = from_spans(DOCUMENTS[name])
    assert pipelines
    assert {one["processors"][0] for one in pipelines.values()} == {"memory_limiter"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_part_is_used_and_every_used_part_is_there(name: str) -> None:
    """The Collector ignores what no pipeline names, and refuses to start where a named one is missing."""
    found = DOCUMENTS[name]
    pipelines = found["service"]["pipelines"].values()
    connectors = set(found.get("connectors", {}))
    for kind in ("receivers", "processors", "exporters"):
        used = {part for one in pipelines for part in one[kind]}
        assert used - connectors == set(found[kind]), kind
    assert connectors <= {part for one in pipelines for part in one["receivers"]}
    assert connectors <= {part for one in pipelines for part in one["exporters"]}
    assert set(found["service"]["extensions"]) == set(found["extensions"])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_whatever_leaves_the_platforms_collectors_waits_on_disk_and_is_tried_for_ever(name: str) -> None:
    for key, one in DOCUMENTS[name]["exporters"].items():
        if "/metrics" in key or key == "load_balancing":
            continue
        assert one["sending_queue"]["storage"] == "file_storage", key
        assert one["retry_on_failure"]["max_elapsed_time"] == "0s", key
        assert one["sending_queue"]["batch"]["max_size"] < 4 * 2**20, "a gRPC server takes 4 MiB unless it is told more"


@pytest.mark.parametrize("name", ["one", "several", "vendor", "tail-sampler", "vendor-tail-sampler", "pair-sampler"])
def test_a_queue_is_bounded_by_itself_and_takes_half_of_its_volume(name: str) -> None:
    """The queue's file may not be: at its limit the queue could not even take out what has been sent."""
    found = DOCUMENTS[name]
    queues = [one["sending_queue"] for one in found["exporters"].values() if "storage" in one["sending_queue"]]
    assert [one["queue_size"] for one in queues] == [2**30 // 2], "half of 1Gi"
    assert found["extensions"]["file_storage"] == {"directory": QUEUE_FOLDER, "max_size": 0, "recreate": True}


def test_a_tier_that_queues_no_spans_keeps_nothing_on_disk() -> None:
    assert "file_storage" not in DOCUMENTS["tail"]["extensions"]
    assert {name for name in DOCUMENTS if "file_storage" in DOCUMENTS[name]["extensions"]} >= {"one", "tail-sampler"}


@pytest.mark.parametrize("name", ["tail-sampler", "vendor-tail-sampler", "pair-sampler"])
def test_spans_are_counted_before_the_choice(name: str) -> None:
    pipelines = DOCUMENTS[name]["service"]["pipelines"]
    assert "tail_sampling" in pipelines["traces"]["processors"]
    assert not {"span_metrics", "service_graph"} & set(pipelines["traces"]["exporters"])
    assert pipelines["traces/counted"]["exporters"] == ["span_metrics", "service_graph"]
    assert "tail_sampling" not in pipelines["traces/counted"]["processors"]


def test_calls_are_counted_only_where_both_sides_are_seen() -> None:
    graphs = {name for name, found in DOCUMENTS.items() if "service_graph" in found.get("connectors", {})}
    assert "one" in graphs
    assert "several" not in graphs, "each of several sees a part, and would count calls to nobody"
    assert "tail" not in graphs
    assert "tail-sampler" in graphs


def test_beside_an_operators_prometheus_nothing_is_counted() -> None:
    for config in (collector_config(OPERATED), sampler_config(OPERATED)):
        found = document(config)
        assert not found.get("connectors")
        assert set(found["service"]["pipelines"]) == {"traces"}


def test_the_samplers_are_named_one_by_one() -> None:
    hosts = exporter(DOCUMENTS["tail-limited"], "load_balancing")["resolver"]["static"]["hostnames"]
    assert hosts == [f"otel-sampler-{index}.otel-sampler:4317" for index in range(3)]


def test_what_waits_for_the_samplers_fits_into_the_first_tiers_memory() -> None:
    args = VARIANTS["tail-limited"]
    assert args.settings.tracing
    queue = exporter(DOCUMENTS["tail-limited"], "load_balancing")["protocol"]["otlp"]["sending_queue"]
    memory = byte_count(args.settings.tracing.collector.resources.memory_limit)
    assert 3 * queue["queue_size"] <= memory * BALANCER_SHARE
    assert "storage" not in queue, "samplers would share one file, and the Collector refuses it"


@pytest.mark.parametrize(("wait", "apart"), [("10s", 5), ("3s", 1.5), ("500ms", 1), ("5m", 15)])
def test_each_of_the_first_tier_comes_again_before_a_sampler_decides_without_it(wait: str, apart: float) -> None:
    found = document(collector_config(traced(tail={**TAIL, "wait": wait, "traces-per-second": 10})))
    retry = exporter(found, "load_balancing")["protocol"]["otlp"]["retry_on_failure"]
    assert read_duration(retry["max_interval"]) == timedelta(seconds=apart)


@pytest.mark.parametrize(
    ("name", "host"), [("one", "jaeger:4317"), ("elasticsearch", "jaeger-collector:4317"), ("several", "jaeger:4317")]
)
def test_traces_go_to_whoever_stores_them(name: str, host: str) -> None:
    assert exporter(DOCUMENTS[name], "otlp_grpc")["endpoint"] == host


def test_a_vendor_is_told_apart_by_its_secret_which_stands_in_no_file() -> None:
    found = exporter(DOCUMENTS["vendor"], "otlp_http/traces")
    assert found["endpoint"] == "https://otlp.example.com/v1/$$tenant", "a dollar sign is no variable"
    assert found["headers"] == {"api-key": "${env:OTLP_HEADER_0}", "x-tenant": "${env:OTLP_HEADER_1}"}
    assert "tls" not in found, "the certificate is checked, as it is by default"


@pytest.mark.parametrize("memory", ["128Mi", "512Mi", "1Gi", "4G"])
def test_garbage_is_collected_before_anything_is_refused(memory: str) -> None:
    found = document(collector_config(traced(collector={"resources": {"memory": memory}})))
    limiter = found["processors"]["memory_limiter"]
    soft = limiter["limit_mib"] - limiter["spike_limit_mib"]
    assert collection_goal(memory) == f"{soft}MiB"
    assert soft * 2**20 > SHARE_FOR_TRACES * byte_count(memory) * 0.95, "the traces that wait must fit below it"
    assert limiter["limit_mib"] * 2**20 < 0.9 * byte_count(memory), "the rest is for what is no heap"


def policies(args: ObservabilityArgs) -> dict[str, dict[str, Any]]:
    found = document(sampler_config(args))["processors"]["tail_sampling"]["policies"]
    return {one["name"]: one for one in found}


def test_slow_is_what_is_slower_than_the_service_promises() -> None:
    found = thresholds(VARIANTS["tail"])
    assert found["gateway"] == timedelta(milliseconds=500)
    assert found["orders"] == timedelta(seconds=1), "the least of several promises"
    assert found["recommendations"] == SLOW, "who promises nothing"
    conditions = policies(VARIANTS["tail"])["slow"]["ottl_condition"]["span"]
    asked = {
        name: int(limit[1])
        for one in conditions
        if (limit := re.search(r"> (\d+) and", one))
        for name in re.findall(r'== "([a-z]+)"', one)
    }
    assert asked == {name: round(limit.total_seconds() * 1e9) for name, limit in found.items()}


def test_a_platform_without_services_has_no_slow_ones() -> None:
    assert "slow" in policies(traced(tail=TAIL))
    assert "slow" not in policies(replace(traced(tail=TAIL), workloads={}))


def test_the_rest_is_asked_last_and_errors_take_nothing_from_its_limit() -> None:
    sampler = document(sampler_config(VARIANTS["tail-limited"]))["processors"]["tail_sampling"]
    assert [one["name"] for one in sampler["policies"]] == ["errors", "slow", "rest"]
    assert sampler["sample_on_first_match"] is True
    share, limit = sampler["policies"][-1]["and"]["and_sub_policy"]
    spans = 20
    assert share["probabilistic"] == {"sampling_percentage": 10.0}
    assert limit["rate_limiting"]["spans_per_second"] * 3 >= 5 * spans
    assert limit["rate_limiting"]["burst_capacity"] > spans, "no trace of a usual size would ever pass"


def test_nothing_of_the_rest_is_no_policy() -> None:
    assert set(policies(VARIANTS["nothing-of-the-rest"])) == {"errors", "slow"}


def test_no_more_traces_wait_than_fit_and_none_is_given_up() -> None:
    args = VARIANTS["tail"]
    assert args.settings.tracing
    sampler = document(sampler_config(args))["processors"]["tail_sampling"]
    memory = byte_count(args.settings.tracing.collector.resources.memory_limit)
    tail = args.settings.tracing.sampling.tail
    assert tail
    assert sampler["num_traces"] * tail.spans_per_trace * SPAN_BYTES <= memory * SHARE_FOR_TRACES
    waiting = tail.traces_per_second * tail.wait.total_seconds() / args.settings.tracing.collector.replicas
    assert sampler["num_traces"] >= waiting, "validation saw to it that those expected fit"
    assert sampler["block_on_overflow"] is True


def test_there_is_no_second_tier_without_tail_sampling_and_none_without_tracing() -> None:
    with pytest.raises(ValueError, match="no second tier"):
        sampler_config(VARIANTS["one"])
    with pytest.raises(ValueError, match="no Collectors"):
        collector_config(platform(*SERVICES))


def test_the_sidecar_takes_from_its_own_pod_alone() -> None:
    protocols = DOCUMENTS["sidecar"]["receivers"]["otlp"]["protocols"]
    assert {one["endpoint"].partition(":")[0] for one in protocols.values()} == {"127.0.0.1"}
