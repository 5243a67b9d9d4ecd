"""Jaeger with a storage that somebody else runs, storing and finding apart, and the cleaner behind it.

There is no Elasticsearch, OpenSearch or Cassandra in the packages that these tests are made of. The first two are
played, by what Jaeger asks of them; of Cassandra just a listener: Jaeger reads its settings, and comes with TLS.
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from components.observability.arguments import ObservabilityArgs
from components.observability.jaeger.config import FILE, jaeger_collector_config, jaeger_config
from components.observability.jaeger.index_cleaner import PASSWORD, days_kept, index_cleaner_workload
from components.observability.jaeger.storage import CASSANDRA_PASSWORD, SECRETS
from launcher.gobuild import built
from tests.integration.servers.jaeger import Jaeger
from tests.integration.servers.mounted_files import mount
from tests.integration.servers.processes import LOOPBACK, eventually
from tests.integration.servers.spans import OverGrpc, Shape, made, send
from tests.integration.tracing import played_search_server as played
from tests.integration.tracing.played_search_server import SearchServer
from tests.observability.tracing.stored import CASSANDRA, LOGIN, OUTSIDE, SEARCH, VARIANTS, traced
from tests.tools.jaeger import INDEX_CLEANER, JAEGER

SECRET: Final = "pa$$word: 0123"
TLS_HANDSHAKE: Final = 0x16
"""The first byte of a client that begins with TLS: https://www.rfc-editor.org/rfc/rfc8446#section-5.1."""
RELEASES: Final = {
    "elasticsearch 7": (VARIANTS["elasticsearch"], played.ELASTICSEARCH),
    "elasticsearch 8": (VARIANTS["elasticsearch"], played.ELASTICSEARCH_8),
    "opensearch 2": (VARIANTS["opensearch"], played.OPENSEARCH),
}


def part(text: str, folder: Path, replacements: Mapping[str, str], **environment: str) -> Jaeger:
    """One of the two parts, not started yet."""
    folder.mkdir(exist_ok=True)
    here = {"http://prometheus:9090": f"http://{LOOPBACK}:1", SECRETS: str(folder), **replacements}
    return Jaeger(
        folder=folder,
        text=text,
        replacements={there: local for there, local in here.items() if there in text},
        environment=environment,
    )


@contextmanager
def both(args: ObservabilityArgs, folder: Path, server: SearchServer) -> Generator[tuple[Jaeger, Jaeger]]:
    """What stores, and what finds."""
    where = {SEARCH["url"]: server.url}
    storing = part(jaeger_collector_config(args)[FILE], folder / "jaeger-collector", where)
    finding = part(jaeger_config(args)[FILE], folder / "jaeger", where)
    try:
        for one in (storing, finding):
            mount(one.folder, {LOGIN["password"]: f"{SECRET}\n"})
            one.start()
        yield storing, finding
    finally:
        storing.stop()
        finding.stop()


@pytest.mark.parametrize("release", RELEASES)
def test_what_one_part_stores_the_other_finds(release: str, tmp_path: Path) -> None:
    args, words = RELEASES[release]
    with (
        played.running(words, (LOGIN["username"], SECRET)) as server,
        both(args, tmp_path, server) as (storing, finding),
    ):
        outcome = send(made(10, Shape()), [OverGrpc(storing.otlp)])
        assert not outcome.refused, outcome.refusals
        # Each service's spans came by themselves, so the storage may have got them one after the other.
        finding.until(
            lambda: (
                (found := finding.trace(outcome.traces[-1].id)) and found.services == {"gateway", "orders", "users"}
            ),
            "the trace is found, and all its spans are",
        )
        assert not server.strange, "what is played here is all that they ask for"
        assert not server.refused, "no request comes without the login"
        today = datetime.now(UTC).strftime("%Y-%m-%d")
        assert set(server.documents) <= {f"shop-jaeger-{kind}-{today}" for kind in ("span", "service")}
        assert set(server.templates) == {"shop-jaeger-span", "shop-jaeger-service"}
        for one in (storing, finding):
            assert SECRET not in one.process.errors.read_text() + one.text, "nobody prints a password"


def test_the_replicas_of_an_index_are_those_that_were_asked_for(tmp_path: Path) -> None:
    with played.running(played.ELASTICSEARCH, (LOGIN["username"], SECRET)) as server:
        with both(VARIANTS["elasticsearch"], tmp_path, server):
            settings = [_flat(one["settings"]) for one in server.templates.values()]
        assert settings
        for one in settings:
            assert (one["index.number_of_shards"], one["index.number_of_replicas"]) == ("1", "2")


def _flat(settings: Mapping[str, Any], before: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in settings.items():
        found |= _flat(value, f"{before}{key}.") if isinstance(value, dict) else {f"{before}{key}": str(value)}
    return found


def test_a_changed_password_is_noticed_without_a_restart(tmp_path: Path) -> None:
    with (
        played.running(played.ELASTICSEARCH, (LOGIN["username"], SECRET)) as server,
        both(VARIANTS["elasticsearch"], tmp_path, server) as (storing, finding),
    ):
        server.login = (LOGIN["username"], "another")
        for one in (storing, finding):
            mount(one.folder, {LOGIN["password"]: "another"})

        def found() -> bool:
            (sent,) = send(made(1, Shape()), [OverGrpc(storing.otlp)]).traces
            time.sleep(0.5)
            # It says 500 while it comes with the old one.
            with suppress(AssertionError):
                return finding.trace(sent.id) is not None
            return False

        eventually(found, "both use the new password")


def test_it_says_which_server_is_away(tmp_path: Path) -> None:
    free = f"http://{LOOPBACK}:1"
    jaeger = part(jaeger_config(VARIANTS["elasticsearch"])[FILE], tmp_path / "jaeger", {SEARCH["url"]: free})
    mount(jaeger.folder, {LOGIN["password"]: SECRET})
    with pytest.raises(AssertionError, match="jaeger ended with 1"):
        jaeger.start()
    assert free in jaeger.process.errors.read_text(), "whoever reads its log must see what to look at"


@contextmanager
def listening() -> Generator[tuple[int, list[int]]]:
    """A port, and the first byte of each who has come, behind which nobody answers."""
    seen: list[int] = []

    def accept(server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                seen.extend(connection.recv(1))

    with socket.create_server((LOOPBACK, 0)) as server:
        thread = threading.Thread(target=accept, args=(server,), daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1], seen
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize("variant", ["cassandra", "open-cassandra"])
def test_it_comes_to_cassandra_with_tls_and_says_where_it_fails(variant: str, tmp_path: Path) -> None:
    hosts = dict.fromkeys(CASSANDRA["hosts"], LOOPBACK)
    with listening() as (port, seen):
        text = jaeger_collector_config(OUTSIDE[variant])[FILE]
        for known in ("9042", "9142"):
            text = text.replace(f'"port": {known}', f'"port": {port}')
        jaeger = part(text, tmp_path / "jaeger", hosts, **{CASSANDRA_PASSWORD: SECRET})
        with pytest.raises(AssertionError, match="jaeger ended with 1"):
            jaeger.start()
    said = jaeger.process.errors.read_text()
    assert "failed to initialize storage 'traces'" in said and LOOPBACK in said, "its settings are read, and used"
    assert set(seen) == {TLS_HANDSHAKE}, "a password, and what traces tell, is not for everybody on the way"
    assert SECRET not in said


@pytest.mark.parametrize("password", ["0123", "true", "a: b # c", "null"])
def test_a_password_for_cassandra_is_text_whatever_it_looks_like(password: str, tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_text(jaeger_collector_config(VARIANTS["cassandra"])[FILE])
    command = [built(JAEGER), "print-config", f"--config={file}", "--mode=unredacted"]
    done = subprocess.run(
        [*command, "--feature-gates=otelcol.printInitialConfig"],
        env={CASSANDRA_PASSWORD: password},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    backend = yaml.safe_load(done.stdout)["extensions"]["jaeger_storage"]["backends"]["traces"]["cassandra"]
    assert backend["connection"]["auth"]["basic"]["password"] == password


@pytest.mark.parametrize("prefix", ["shop", "shop-", ""])
def test_the_cleaner_drops_the_days_that_are_over_and_no_other(prefix: str) -> None:
    args = traced({"elasticsearch": {**SEARCH, "index-prefix": prefix}}, retention="7d")
    now = datetime.now(UTC)
    days = [now - timedelta(days=age) for age in range(12)]
    before = f"{prefix.removesuffix('-')}-" if prefix else ""
    with played.running(played.ELASTICSEARCH, (LOGIN["username"], SECRET)) as server:
        for day in days:
            midnight = int(day.replace(hour=0, minute=0, second=1).timestamp() * 1000)
            for kind in ("span", "service"):
                server.made[f"{before}jaeger-{kind}-{day:%Y-%m-%d}"] = midnight
        server.made[f"other-jaeger-span-{days[-1]:%Y-%m-%d}"] = server.made[f"{before}jaeger-span-{days[-1]:%Y-%m-%d}"]
        clean(args, server)
        kept = {f"{before}jaeger-{kind}-{day:%Y-%m-%d}" for day in days[:8] for kind in ("span", "service")}
        assert set(server.made) == kept | {f"other-jaeger-span-{days[-1]:%Y-%m-%d}"}, (
            "today's and the seven before: a trace from seven days ago, at this hour, is there; others' are theirs"
        )
        assert not server.strange and not server.refused


def clean(args: ObservabilityArgs, server: SearchServer) -> None:
    """Run the cleaner as its Job does."""
    spec = index_cleaner_workload(args)
    plain = [one.replace(SEARCH["url"], server.url) for one in spec.args if one != "--es.tls.enabled=true"]
    assert server.url in plain
    done = subprocess.run(
        [built(INDEX_CLEANER), *plain], env={PASSWORD: SECRET}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_a_cleaner_with_another_password_fails_and_drops_nothing() -> None:
    with played.running(played.ELASTICSEARCH, (LOGIN["username"], "another")) as server:
        server.made["shop-jaeger-span-2020-01-01"] = 0
        with pytest.raises(AssertionError):
            clean(traced({"elasticsearch": SEARCH}), server)
        assert server.made, "and its Job counts as failed, which an alert tells"


def test_half_a_day_of_retention_keeps_today_and_yesterday() -> None:
    assert [days_kept(timedelta(hours=hours)) for hours in (1, 24, 25, 168)] == [2, 2, 3, 8]
