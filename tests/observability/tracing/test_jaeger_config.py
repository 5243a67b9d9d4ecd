"""Jaeger's configuration: what differs by storage, and what never stands in it. The real one is asked in layer 5."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from components.observability.arguments import ObservabilityArgs
from components.observability.collector.parts.connectors import span_metrics
from components.observability.jaeger.config import FILE, jaeger_collector_config, jaeger_config, jaeger_config_maps
from components.observability.jaeger.storage import CASSANDRA_PASSWORD, SECRETS, SPAN_METRICS_UNIT, jaeger_secret_keys
from components.observability.jaeger.workload import traces_host
from tests.observability.tracing.stored import (
    AT_VENDOR,
    INSIDE,
    LOGIN,
    OUTSIDE,
    VARIANTS,
    jaeger_workloads,
    traced,
    watched,
)


def every_file(args: ObservabilityArgs) -> dict[str, dict[str, Any]]:
    return {name: json.loads(files[FILE]) for name, files in jaeger_config_maps(args).items()}


def backend(args: ObservabilityArgs) -> dict[str, Any]:
    found = {
        json.dumps(file["extensions"]["jaeger_storage"]["backends"]["traces"]) for file in every_file(args).values()
    }
    (one,) = found
    (settings,) = json.loads(one).values()
    return settings


def texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Each text with the name that it has."""
    match value:
        case dict():
            for key, below in value.items():
                yield from texts(below, key)
        case list():
            for below in value:
                yield from texts(below, name)
        case str():
            yield name, value


@pytest.mark.parametrize("variant", INSIDE)
def test_with_a_storage_of_its_own_one_workload_stores_and_finds(variant: str) -> None:
    (file,) = every_file(INSIDE[variant]).values()
    assert "jaeger_query" in file["extensions"] and "otlp" in file["receivers"]
    assert traces_host(INSIDE[variant]) == "jaeger"


@pytest.mark.parametrize("variant", OUTSIDE)
def test_with_a_storage_outside_one_stores_and_another_finds(variant: str) -> None:
    files = every_file(OUTSIDE[variant])
    assert set(files) == {"jaeger", "jaeger-collector"}
    assert "jaeger_query" not in files["jaeger-collector"]["extensions"]
    assert "otlp" not in files["jaeger"]["receivers"], "spans have one way in, behind the memory limiter"
    assert traces_host(OUTSIDE[variant]) == "jaeger-collector"


def test_at_a_vendor_and_without_tracing_there_is_no_jaeger() -> None:
    for args in (AT_VENDOR, watched()):
        assert not jaeger_config_maps(args) and not jaeger_workloads(args)
        assert traces_host(args) is None
        with pytest.raises(ValueError, match=r"no Jaeger|no tracing"):
            jaeger_config(args)


def test_what_stores_by_itself_has_no_collector_beside_it() -> None:
    with pytest.raises(ValueError, match="one workload stores and finds"):
        jaeger_collector_config(INSIDE["badger"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_part_that_is_used_is_there_and_every_part_that_is_there_is_used(variant: str) -> None:
    for name, file in every_file(VARIANTS[variant]).items():
        used = file["service"]["pipelines"]["traces"] | {"extensions": file["service"]["extensions"]}
        assert {kind: set(parts) for kind, parts in used.items()} == {
            kind: set(file[kind]) for kind in ("extensions", "receivers", "processors", "exporters")
        }, name


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_waits_between_the_way_in_and_the_storage(variant: str) -> None:
    (file,) = (one for one in every_file(VARIANTS[variant]).values() if "otlp" in one["receivers"])
    assert file["exporters"]["jaeger_storage_exporter"]["queue"] == {"enabled": False}
    assert "batch" not in file["processors"], "its spans would be taken, and gone with a crash"


def test_what_is_full_by_purpose_refuses_nobody() -> None:
    (in_memory,) = every_file(INSIDE["memory"]).values()
    (on_disk,) = every_file(INSIDE["badger"]).values()
    assert not in_memory["processors"]
    assert list(on_disk["processors"]) == ["memory_limiter"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_password_is_the_name_of_a_file_or_of_a_variable(variant: str) -> None:
    args = VARIANTS[variant]
    tracing = args.settings.tracing
    assert tracing is not None
    found = [pair for file in every_file(args).values() for pair in texts(file) if "password" in pair[0]]
    assert bool(found) == bool(jaeger_secret_keys(tracing))
    allowed = {
        ("password_file", f"{SECRETS}/{LOGIN['password']}"),
        ("password", f"${{env:{CASSANDRA_PASSWORD}}}${{env:{CASSANDRA_PASSWORD}_END:-}}"),
    }
    assert set(found) <= allowed


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_file_that_it_reads_is_mounted(variant: str) -> None:
    workloads = jaeger_workloads(VARIANTS[variant])
    for name, file in every_file(VARIANTS[variant]).items():
        folders = tuple(f"{folder}/" for folder in workloads[name].mounts)
        lost = [text for key, text in texts(file) if text.startswith("/") and not text.startswith(folders)]
        assert not lost, f"{name} would not start, or write into its image"


def test_badger_forgets_by_age_and_writes_to_its_volume() -> None:
    settings = backend(traced({"badger": "10Gi"}, retention="36h"))
    assert settings["ttl"] == {"spans": "36h"}
    assert settings["ephemeral"] is False, "by default it writes to a folder that goes with the process"


def test_traces_in_elasticsearch_are_looked_for_as_far_back_as_they_are_kept() -> None:
    settings = backend(traced({"elasticsearch": {"url": "https://es.example.com"}}, retention="30d"))
    assert settings["max_span_age"] == "720h", "older ones could not be opened by their ids: it looks back three days"
    assert "auth" not in settings
    assert "index_prefix" not in settings["indices"]


@pytest.mark.parametrize("prefix", ["shop", "shop-"])
def test_a_prefix_is_the_same_with_and_without_its_dash(prefix: str) -> None:
    args = traced({"opensearch": {"url": "https://os.example.com", "index-prefix": prefix}})
    assert backend(args)["indices"]["index_prefix"] == "shop"
    assert "--index-prefix=shop" in jaeger_workloads(args)["jaeger-index-cleaner"].args


def test_each_kind_of_index_has_the_replicas_that_were_asked_for() -> None:
    indices = backend(VARIANTS["elasticsearch"])["indices"]
    assert {one["replicas"] for one in indices.values() if isinstance(one, dict)} == {2}


@pytest.mark.parametrize(
    ("retention", "window", "names"),
    [("2h", "1h", "1h"), ("2d", "2h", "12h"), ("7d", "6h", "12h"), ("90d", "72h", "12h")],
)
def test_cassandra_drops_whole_files_and_never_the_name_of_a_living_service(
    retention: str, window: str, names: str
) -> None:
    settings = backend(traced({"cassandra": {"hosts": ["c.example.com"], "datacentre": "dc1"}}, retention=retention))
    assert settings["schema"]["compaction_window"] == window, "fewer than 50 windows in a trace's life"
    assert settings["span_store_write_cache_ttl"] == names, "it is written again before it goes"
    assert settings["schema"]["create"] is True, "a table's retention is given when it is made"


def test_cassandra_is_spoken_to_with_tls_always() -> None:
    for variant in ("cassandra", "open-cassandra"):
        assert backend(VARIANTS[variant])["connection"]["tls"] == {"insecure": False}


def test_cassandra_copies_rows_where_there_is_another_server() -> None:
    assert backend(VARIANTS["cassandra"])["schema"]["replication_factor"] == 2
    hosts = [f"c{number}.example.com" for number in range(5)]
    assert backend(traced({"cassandra": {"hosts": hosts, "datacentre": "dc1"}}))["schema"]["replication_factor"] == 3


def test_the_monitor_tab_asks_for_what_the_collectors_count() -> None:
    file = every_file(INSIDE["badger"])["jaeger"]
    (metrics,) = file["extensions"]["jaeger_storage"]["metric_backends"].values()
    assert metrics["prometheus"]["endpoint"] == "http://prometheus:9090"
    counted = span_metrics((), every=timedelta(seconds=15))
    assert counted["histogram"]["unit"] == metrics["prometheus"]["latency_unit"] == SPAN_METRICS_UNIT
    assert "namespace" not in counted, "its default, traces.span.metrics, is what Jaeger is told"


def test_beside_an_operator_there_are_no_span_metrics_to_ask_for() -> None:
    for variant in ("badger-beside-an-operator", "opensearch"):
        file = every_file(VARIANTS[variant])["jaeger"]
        assert "metric_backends" not in file["extensions"]["jaeger_storage"]
        assert file["extensions"]["jaeger_query"]["storage"] == {"traces": "traces"}
