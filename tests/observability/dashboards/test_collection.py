"""Which dashboards a platform gets, and the ConfigMaps that carry them."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import pytest

from components.observability.arguments import Interface
from components.observability.dashboards.collection import dashboard_config_maps
from components.observability.dashboards.index import HOME, entries
from components.specs.container import Language
from tests.observability.dashboards import panels
from tests.observability.dashboards.rendered import rendered
from tests.observability.rules.platforms import OWN_PARTS, PLATFORMS, platform, service

MEBIBYTE: Final = 1 << 20
ALWAYS: Final = {"platform-overview", "deployments"}
RUNTIMES: Final = {"go-runtime", "jvm", "python-runtime"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "everything",
            {*ALWAYS, *RUNTIMES, "monitoring", "requests", "objectives", "mesh", "streams", "stores", "telemetry"},
        ),
        ("no-mesh", {*ALWAYS, *RUNTIMES, "monitoring", "requests", "objectives", "streams", "stores"}),
        ("one-service", {*ALWAYS, "monitoring", "requests", "objectives", "go-runtime"}),
        ("no-service", {*ALWAYS, "monitoring", "go-runtime"}),
        # Without Prometheus, which others run; and in the mesh.
        ("operator", {*ALWAYS, *RUNTIMES, "requests", "objectives", "mesh", "streams", "stores"}),
    ],
)
def test_a_platform_gets_the_dashboards_of_what_it_has(name: str, expected: set[str]) -> None:
    assert rendered(name).keys() == expected


def test_the_home_dashboard_is_there_for_every_platform() -> None:
    assert all(HOME in rendered(name) for name in PLATFORMS)


def test_without_kubelets_nobody_asks_for_what_they_tell() -> None:
    args = platform(*PLATFORMS["everything"].workloads.values(), nodes=False)
    text = str(dashboard_config_maps(args)).replace("kube_pod_container_", "")
    assert "container_memory" not in text
    assert "kubelet_" not in text


@pytest.mark.parametrize("name", PLATFORMS)
def test_links_lead_to_dashboards_that_the_platform_has(name: str) -> None:
    found = {uid for dashboard in rendered(name).values() for uid in panels.linked(dashboard)}
    assert found <= rendered(name).keys(), "a link to a dashboard that isn't there is an error page"


def test_the_overview_leads_to_the_requests_of_a_service() -> None:
    assert panels.linked(rendered("everything")[HOME]) == {"requests"}


def test_uids_are_unique_and_no_longer_than_grafana_takes() -> None:
    uids = [entry.uid for entry in entries(PLATFORMS["everything"])]
    assert sorted(set(uids)) == sorted(uids)
    assert max(map(len, uids)) <= 40
    assert all(dashboard["uid"] == uid and "id" not in dashboard for uid, dashboard in rendered("everything").items())


def test_five_hundred_services_fit_a_config_map() -> None:
    services = [service(f"service-{number}", Language.GO, Interface.HTTP) for number in range(500)]
    sizes = {
        name: sum(len(text.encode()) for text in files.values())
        for name, files in dashboard_config_maps(platform(*services, *OWN_PARTS)).items()
    }
    assert max(sizes.values()) < MEBIBYTE / 4, sizes


def test_the_same_platform_gets_the_same_text_in_every_process() -> None:
    script = (
        "from tests.observability.rules.platforms import EVERYTHING\n"
        "from components.observability.dashboards.collection import dashboard_config_maps\n"
        "print(dashboard_config_maps(EVERYTHING))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert texts == {f"{dashboard_config_maps(PLATFORMS['everything'])}\n".encode()}


def test_grafanas_library_is_imported_only_where_dashboards_are_made() -> None:
    """It costs a tenth of a second, which a platform without dashboards need not pay."""
    script = (
        "import sys, components.observability.dashboards.index, stacks.assembly, stacks.loader\n"
        "print([name for name in sys.modules if name.startswith('grafana_foundation_sdk')])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
