"""The services' own tests that need a server, against servers of their own: they drop tables and delete streams."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from tests.integration.contracts.builds import JAVA, SERVICES, go, run
from tests.integration.servers.jetstream import JetStream
from tests.integration.servers.postgres import Postgres


@pytest.mark.usefixtures("builds")
def test_the_java_services_own_integration_tests_pass(database_server: Postgres, broker: JetStream) -> None:
    database = database_server.database("users_db")
    environment = {
        "USERS_DB_HOST": database.host,
        "USERS_DB_PORT": str(database.port),
        "USERS_DB_DATABASE": database.name,
        "USERS_DB_USERNAME": database.user,
        "USERS_DB_PASSWORD": database.password,
        "NATS_URL": broker.url,
        "NATS_USERNAME": broker.username,
        "NATS_PASSWORD": broker.password,
    }
    maven = ["mvn", "--batch-mode", "--no-transfer-progress", "test"]
    printed = run([*maven, "-Dtests.excluded=", "-Dtests.included=integration"], SERVICES / "java", environment)
    for name in JAVA:
        passed = [one for report in reports(name) for one in report.iter("testcase") if not list(one.iter("skipped"))]
        assert passed, f"no integration test of {name} was run:\n{printed}"


def reports(service: str) -> list[ET.Element]:
    folder = SERVICES / service / "target" / "surefire-reports"
    return [ET.parse(path).getroot() for path in folder.glob("TEST-*IntegrationTest.xml")]  # noqa: S314


def test_the_orders_store_s_own_tests_pass(database_server: Postgres) -> None:
    database = database_server.database("orders_db")
    command = [go(), "test", "-count=1", "-json", "./orders/store"]
    events = run(command, SERVICES, {"ORDERS_TEST_DATABASE_URL": database.url})
    actions = [event["Action"] for event in map(json.loads, events.splitlines()) if "Test" in event]
    assert "pass" in actions, events
    assert "skip" not in actions, "with a database none is skipped"
