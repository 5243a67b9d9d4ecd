"""What the platform says of the shop's services is what they do: ports, paths, health."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from components.specs.container import Language
from components.specs.ports import METRICS, METRICS_PATH
from components.specs.probes import Probe
from components.workloads.probes import effective_probes
from stacks.loader import validate
from stacks.schema.platform import Platform

ROOT = Path(__file__).parents[2]
SHOP = ("gateway", "users", "orders", "recommendations", "fulfilment")
METRICS_PATHS = {Language.GO: "/metrics", Language.PYTHON: "/metrics", Language.JAVA: "/actuator/prometheus"}
"""Where the services of a language serve metrics; each language's own tests ask there."""
DEFAULT_PORT = {
    "grpc": r'"GRPC_PORT",\s(?:fallback=)?([0-9_]+)',
    "http": r'"HTTP_PORT",\s([0-9_]+)',
    "metrics": r'"METRICS_PORT",\s([0-9_]+)',
}
SOURCES = {
    "gateway": ("gateway/settings.go", "internal/process/process.go"),
    "orders": ("orders/settings.go", "internal/process/process.go"),
    "users": ("users/src/main/java/shop/users/UsersSettings.java",),
    "fulfilment": ("fulfilment/src/main/java/shop/fulfilment/FulfilmentSettings.java",),
    "recommendations": ("recommendations/recommendations/settings.py",),
}
"""Where a service's settings have their defaults."""


@pytest.fixture(scope="module")
def platform() -> Platform:
    return validate("local")


def test_the_shop_is_what_these_tests_know(platform: Platform) -> None:
    assert platform.observability is not None
    languages = {one.name: one.language for one in platform.observability.services}
    assert {name for name, language in languages.items() if language is not Language.OTHER} == set(SHOP)
    assert set(SOURCES) == set(SHOP)


@pytest.mark.parametrize("name", SHOP)
def test_every_service_declares_where_its_metrics_are(platform: Platform, name: str) -> None:
    spec = platform.workloads[name].spec
    port = spec.ports[METRICS]
    assert (port.path or METRICS_PATH) == METRICS_PATHS[spec.language]


@pytest.mark.parametrize("name", SHOP)
def test_the_catalogues_ports_are_those_that_the_service_listens_on(platform: Platform, name: str) -> None:
    """The platform sets no variable for them, so the service's defaults have to be the catalogue's."""
    text = "".join((ROOT / "services" / source).read_text(encoding="utf-8") for source in SOURCES[name])
    listens = {
        port: int(found[1].replace("_", "")) for port, form in DEFAULT_PORT.items() if (found := re.search(form, text))
    }
    assert {port: one.number for port, one in platform.workloads[name].spec.ports.items()} == listens


def test_probes_ask_what_the_services_answer(platform: Platform) -> None:
    def asked(name: str) -> tuple[Probe | None, Probe | None]:
        probes = effective_probes(platform.workloads[name].spec)
        return probes.readiness, probes.liveness

    assert asked("gateway") == (Probe(http="/health/ready", port="http"), Probe(http="/health/live", port="http"))
    for name in ("users", "orders", "recommendations"):
        assert asked(name) == (Probe(grpc="", port="grpc"), Probe(tcp=True, port="grpc"))
    assert asked("fulfilment") == (
        Probe(http="/health/ready", port="metrics"),
        Probe(http="/health/live", port="metrics"),
    )
