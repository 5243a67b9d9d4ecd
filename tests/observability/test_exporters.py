"""Exporters of stores and the broker: how they run, and how they log in."""

from __future__ import annotations

import pytest

from components.hardening import HardenedDefault
from components.observability.exporters.stores import broker_exporter_workload, store_exporter_workload
from components.observability.names import exporter_name
from components.specs.variables import SecretReference
from components.specs.workload import WorkloadSpec
from tests.components.workload import main, template
from tests.observability.parts import part_objects


def postgres(*, outside: bool = False) -> WorkloadSpec:
    return store_exporter_workload("users-db", "postgres", "users-db", 5432, "users_db", outside=outside)


EXPORTERS = {
    "users-db": postgres(),
    "cache": store_exporter_workload("cache", "redis", "cache", 6379, ""),
    "nats": broker_exporter_workload(("nats-0.nats:8222", "nats-1.nats:8222")),
}


@pytest.mark.parametrize("name", EXPORTERS)
def test_an_exporter_is_scraped_and_listens_where_its_port_says(name: str) -> None:
    bodies = part_objects(exporter_name(name), EXPORTERS[name])
    port = template(bodies)["metadata"]["annotations"]["prometheus.io/port"]
    (listening,) = main(bodies)["ports"]
    assert (listening["name"], str(listening["containerPort"])) == ("metrics", port)


@pytest.mark.parametrize("name", EXPORTERS)
def test_an_exporter_relaxes_nothing_but_the_number_of_its_replicas(name: str) -> None:
    assert set(EXPORTERS[name].exceptions) == {HardenedDefault.SINGLE_REPLICA}


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_store_that_is_away_restarts_no_exporter(name: str) -> None:
    container = main(part_objects(exporter_name(name), EXPORTERS[name]))
    assert "tcpSocket" in container["livenessProbe"], "the exporter tells that the store is away: it must live for it"


def test_an_exporter_logs_in_with_the_store_s_secret() -> None:
    env = postgres().env
    assert env["DATA_SOURCE_USER"] == SecretReference(secret="users-db", key="username")
    assert env["DATA_SOURCE_PASS"] == SecretReference(secret="users-db", key="password")
    assert EXPORTERS["cache"].env["REDIS_PASSWORD"] == SecretReference(secret="cache", key="password")


def test_a_store_outside_is_spoken_to_over_tls() -> None:
    assert postgres().env["DATA_SOURCE_URI"] == "users-db:5432/users_db?sslmode=disable"
    assert postgres(outside=True).env["DATA_SOURCE_URI"] == "users-db:5432/users_db?sslmode=require"


def test_an_engine_without_an_exporter_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="mongo"):
        store_exporter_workload("carts", "mongo", "carts", 27017, "carts")


def test_every_server_of_the_broker_is_asked_under_its_own_name() -> None:
    assert EXPORTERS["nats"].args[-2:] == ("nats-0,http://nats-0.nats:8222", "nats-1,http://nats-1.nats:8222")
