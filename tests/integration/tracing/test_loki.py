"""Loki on the platform's configuration: what it is told is found by its trace, for as long as it is to be kept."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from components.observability.loki.server import DATA_FOLDER, FILE, LINE_KIB, OTLP_PATH, loki_config, loki_workload
from tests.integration.servers.loki import Loki
from tests.observability.tracing.stored import logged

RESOURCE: Final = {
    "service.name": "orders",
    "k8s.namespace.name": "shop",
    "k8s.pod.name": "orders-7d9-x",
    "team": "checkout",
}
DAY: Final = timedelta(days=1).total_seconds()


def server(folder: Path, text: str | None = None) -> Loki:
    """The platform's Loki, not started yet."""
    args = logged()
    return Loki(
        folder=folder,
        text=loki_config(args)[FILE] if text is None else text,
        replacements={DATA_FOLDER: str(folder / "data")},
        arguments=loki_workload(args).args,
    )


def told(running: Loki, *lines: str, trace: str = "", level: str = "info", age: float = 0.0) -> int:
    """Send lines as an agent does, so many seconds after they were written; give the answer's status."""

    def attributes(found: Mapping[str, str]) -> list[dict[str, Any]]:
        return [{"key": key, "value": {"stringValue": value}} for key, value in found.items()]

    at = int((time.time() - age) * 1e9)
    records = [
        {
            "timeUnixNano": str(at + number),
            "severityText": level,
            "body": {"stringValue": line},
            "traceId": trace,
            "spanId": trace[:16],
        }
        for number, line in enumerate(lines)
    ]
    logs = {"resource": {"attributes": attributes(RESOURCE)}, "scopeLogs": [{"logRecords": records}]}
    url = f"{running.url}{OTLP_PATH}/v1/logs"
    return httpx2.post(url, json={"resourceLogs": [logs]}, timeout=30, trust_env=False).status_code


def test_a_line_is_found_by_its_trace_and_only_few_labels_tell_streams_apart(tmp_path: Path) -> None:
    running, trace = server(tmp_path), secrets.token_hex(16)
    try:
        running.start()
        assert told(running, "paid", trace=trace) < 300
        assert told(running, "unpaid", trace=secrets.token_hex(16), level="error") < 300
        (entry,) = running.until(
            lambda: running.entries(f'{{service_name="orders"}} | trace_id="{trace}"'), "the line is found"
        )
        assert entry.line == "paid"
        assert entry.labels["team"] == "checkout" and entry.labels["k8s_pod_name"] == "orders-7d9-x"
        assert running.labels() == {"service_name", "k8s_namespace_name", "severity_text"}, (
            "each further label multiplies streams"
        )
        (error,) = running.entries('{severity_text="error"}')
        assert error.line == "unpaid"
    finally:
        running.stop()


def test_lines_outlive_a_crash_and_a_restart(tmp_path: Path) -> None:
    running = server(tmp_path)
    try:
        running.start()
        assert told(running, *(f"before the crash {number}" for number in range(500))) < 300
        running.kill()
        running.start()
        assert len(running.entries('{service_name="orders"}')) == 500, "an answer to a sender is a promise"
        assert told(running, "before the restart") < 300
        running.stop()
        assert list((tmp_path / "data" / "chunks").rglob("*")), (
            "its end writes what it has, so its start has no log to read"
        )
        running.start()
        assert len(running.entries('{service_name="orders"}')) == 501
    finally:
        running.stop()


def test_a_long_line_is_cut_and_not_lost(tmp_path: Path) -> None:
    running = server(tmp_path)
    try:
        running.start()
        assert told(running, "x" * (2 * LINE_KIB * 1024)) < 300
        (entry,) = running.until(lambda: running.entries('{service_name="orders"}'), "the line is there")
        assert len(entry.line) == LINE_KIB * 1024
    finally:
        running.stop()


def test_lines_go_when_their_time_is_over_and_younger_ones_stay(tmp_path: Path) -> None:
    document = json.loads(loki_config(logged(retention="2d"))[FILE])
    # What takes a cluster hours takes this test seconds; lines are old already when they come.
    document["limits_config"]["reject_old_samples_max_age"] = "30d"
    document["compactor"] |= {"compaction_interval": "2s", "retention_delete_delay": "5s"}
    document["storage_config"] = {"tsdb_shipper": {"resync_interval": "2s"}}
    running = server(tmp_path, json.dumps(document))

    def lines() -> set[str]:
        return {one.line for one in running.entries('{service_name="orders"}', since="10d")}

    def files() -> int:
        return sum(path.is_file() for path in (tmp_path / "data" / "chunks" / "fake").rglob("*"))

    try:
        running.start()
        # Of two levels, so that each has a file of its own.
        assert told(running, "three days old", age=3 * DAY) < 300
        assert told(running, "a day old", age=DAY, level="warn") < 300
        # Its end writes all to files.
        running.stop()
        assert files() == 2
        running.start()
        running.until(lambda: files() == 1, "the older line's file is gone", within=150)
        running.until(lambda: lines() == {"a day old"}, "the younger line alone is found", within=60)
    finally:
        running.stop()


def test_lines_that_would_be_dropped_at_once_are_refused(tmp_path: Path) -> None:
    running = server(tmp_path, loki_config(logged(retention="2d"))[FILE])
    try:
        running.start()
        assert told(running, "three days old", age=3 * DAY) == httpx2.codes.BAD_REQUEST, (
            "a sender must not try for ever"
        )
    finally:
        running.stop()


def test_its_settings_are_those_that_were_meant(tmp_path: Path) -> None:
    running = server(tmp_path)
    try:
        running.start()
        settings = running.settings()
        assert settings["limits_config"]["retention_period"] == "2w"
        assert settings["analytics"]["reporting_enabled"] is False, "it tells nobody outside"
        assert settings["ruler"]["enable_api"] is False
        assert settings["ingester"]["wal"]["replay_memory_ceiling"] == "214748KB", "0.4 of 512 MiB"
        cache = settings["chunk_store_config"]["chunk_cache_config"]["embedded_cache"]
        assert cache["enabled"] is True and cache["max_size_mb"] == 51
        for page in ("loki/api/v1/status/buildinfo", "metrics", "ready"):
            assert httpx2.get(f"{running.url}/{page}", timeout=30, trust_env=False).is_success, page
    finally:
        running.stop()


@pytest.mark.parametrize(
    ("planted", "told_of"),
    [(('"retention_period"', '"retention_time"'), "retention_time"), (('"v13"', '"v99"'), "invalid schema version")],
)
def test_a_wrong_setting_does_not_start(planted: tuple[str, str], told_of: str, tmp_path: Path) -> None:
    running = server(tmp_path, loki_config(logged())[FILE].replace(*planted))
    with pytest.raises(AssertionError, match="loki ended") as failure:
        running.start()
    assert told_of in str(failure.value)
