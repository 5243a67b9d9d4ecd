"""An incident, from the first failed request to the message that it is over, with real requests and generated alerts.

`users` is gone for some seconds, so that the gateway answers with 503; `fulfilment`, which nobody calls, until somebody
starts it again.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final

import pytest

from components.observability.alertmanager.routes import WATCHDOG
from tests.integration.contracts.services import Service
from tests.integration.observability.observed import Observed
from tests.integration.servers.webhook import Notification

_BURST: Final = 15.0
"""Seconds without users: long enough that the requests that fail are a lot of the five minutes that a rate looks at."""
_HELD: Final = 120.0
"""Seconds that an alert may take until somebody is told."""
_GOOD: Final = 2000
"""Requests that are answered well, at a time: so many dilute the burst that the budget burns no longer."""
_WATCHED: Final = {"service": "gateway", "slo": "availability", "window": "1h"}
"""The alert that is looked at until it is over; those with longer windows go on for longer."""
BUDGET: Final = "SloBudgetBurns"
DOWN: Final = "TargetDown"


@dataclass(frozen=True, kw_only=True)
class Incident:
    """What has happened."""

    observed: Observed
    began: float
    """Seconds since 1970."""
    gone: Service
    """Who doesn't come back by itself."""

    def told(self, path: str, alert: str, service: str, status: str = "firing") -> Notification:
        """Wait for a message at a receiver that says this of a service's alert."""

        def says(one: Notification) -> bool:
            if one.path != f"/{path}":
                return False
            told = [each for each in one.body["alerts"] if _key(each) == (alert, service, status)]
            return any(alert != BUDGET or _WATCHED.items() <= each["labels"].items() for each in told)

        return self.observed.receiver.until(says, f"{path} hears of {alert} of {service}: {status}", within=_HELD)


@pytest.fixture(scope="module")
def incident(observed: Observed) -> Generator[Incident]:
    """Stop both services, and start one again."""
    shop = observed.shop
    users, gone = (next(one for one in shop.started if one.name == name) for name in ("users", "fulfilment"))
    # The alerts compare with what was before, so there must be something.
    observed.plain.prometheus.until(lambda: observed.plain.prometheus.query("slo:burn_rate:1h"), "budgets are counted")
    began = time.time()
    for service in (users, gone):
        service.process.kill()
    time.sleep(_BURST)
    shop.start("users", ports=users.ports)
    yield Incident(observed=observed, began=began, gone=gone)
    if not gone.process.is_running:
        shop.start(gone.name, ports=gone.ports)


def test_a_burst_of_errors_pages_with_all_that_one_needs_to_know(incident: Incident) -> None:
    assert incident.observed.customers.statuses[503], "real requests have failed"
    message = incident.told("page", BUDGET, "gateway")
    alert = _first(message, BUDGET, "gateway")
    assert alert["labels"]["severity"] == "page"
    assert alert["labels"]["team"] == "shop"
    assert alert["labels"]["slo"] == "availability"
    runbooks = incident.observed.plain.args.settings.runbooks
    assert alert["annotations"]["runbook_url"] == f"{runbooks}/{BUDGET}.md"
    assert alert["annotations"]["summary"].startswith("gateway spends its error budget for availability ")
    assert "{{" not in alert["annotations"]["summary"], "values are filled in"


def test_a_service_whose_pod_cannot_be_scraped_is_told(incident: Incident) -> None:
    found = _first(incident.told("ticket", DOWN, incident.gone.name), DOWN, incident.gone.name)
    assert found["annotations"]["runbook_url"].endswith(f"/{DOWN}.md")


def test_when_requests_succeed_again_the_page_is_over(incident: Incident) -> None:
    incident.told("page", BUDGET, "gateway")
    prometheus = incident.observed.plain.prometheus

    def over() -> bool:
        incident.observed.customers.send(_GOOD)
        return not any(_WATCHED.items() <= one.labels.items() for one in prometheus.alerts() if one.name == BUDGET)

    prometheus.until(over, "the budget of the gateway burns no longer", within=120.0)
    message = incident.told("page", BUDGET, "gateway", "resolved")
    over_now = [one for one in message.body["alerts"] if _key(one) == (BUDGET, "gateway", "resolved")]
    assert all(one["endsAt"] > one["startsAt"] for one in over_now)


def test_a_service_that_is_back_is_told_too(incident: Incident) -> None:
    incident.told("ticket", DOWN, incident.gone.name)
    incident.observed.shop.start(incident.gone.name, ports=incident.gone.ports)
    incident.told("ticket", DOWN, incident.gone.name, "resolved")


def test_the_dead_man_s_switch_hears_all_the_while_that_alerts_arrive(incident: Incident) -> None:
    incident.observed.receiver.until(lambda one: WATCHDOG in one.alert_names, "somebody hears of the dead man's switch")
    (key,) = {one.path for one in incident.observed.receiver.received if WATCHDOG in one.alert_names}
    assert key == "/watchdog", "nobody else is bothered with it"
    told = [one for one in incident.observed.receiver.received if one.path == key]
    assert {status for one in told for status in (one.body["status"],)} == {"firing"}


def _key(alert: dict[str, Any]) -> tuple[str, str, str]:
    return alert["labels"]["alertname"], alert["labels"].get("service", ""), alert["status"]


def _first(message: Notification, alert: str, service: str) -> dict[str, Any]:
    return next(one for one in message.body["alerts"] if _key(one)[:2] == (alert, service))
