"""The control plane from Istio's charts: pinned, in order, and told what the mesh's objects take for granted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from components.mesh.control_plane import CHARTS, GATEWAY_API_CRDS, ControlPlane
from components.mesh.control_plane_values import ControlPlaneArgs, HelmRelease, istiod_values, releases
from components.mesh.names import edge_service_account
from components.specs.mesh.settings import Mesh
from components.versions import GATEWAY_API, ISTIO
from tests.components.mesh.routed import AMBIENT
from tests.components.mesh.routed import GATEWAY_API as BY_GATEWAY_API
from tests.components.mesh.whole_shop import settings, shop
from tests.program.recorder import Recording, record
from tests.program.registrations import Registration
from tests.program.rejections import rejections

SIDECAR = settings()
RELEASE, CONFIG_FILE = "kubernetes:helm.sh/v3:Release", "kubernetes:yaml/v2:ConfigFile"
PLANES = [
    pytest.param(SIDECAR, ["istio-base", "istiod", "istio-cni", "istio-ingressgateway"], id="sidecar"),
    pytest.param(BY_GATEWAY_API, ["istio-base", "istiod", "istio-cni"], id="gateway-api"),
    pytest.param(AMBIENT, ["istio-base", "istiod", "istio-cni", "ztunnel"], id="ambient"),
]


def arguments(mesh: Mesh) -> ControlPlaneArgs:
    return ControlPlaneArgs(settings=mesh, edge_namespace="shop-edge", collector={"service": "otel.svc", "port": 4317})


def release(mesh: Mesh, name: str) -> HelmRelease:
    (found,) = [one for one in releases(arguments(mesh)) if one.name == name]
    return found


@pytest.fixture(autouse=True)
def _recorder_without_helm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recorder refuses what this program registers nowhere else; arguments of releases are typed by the SDK."""

    def of_all_others(registrations: Sequence[Registration]) -> list[str]:
        return rejections([one for one in registrations if one.type not in (RELEASE, CONFIG_FILE)])

    monkeypatch.setattr("tests.program.recorder.rejections", of_all_others)


def registered(mesh: Mesh) -> Recording:
    def program() -> None:
        cluster = kubernetes.Provider("cluster", kubernetes.ProviderArgs(context="test"))
        made = ControlPlane("istio", arguments(mesh), pulumi.ResourceOptions(providers={"kubernetes": cluster}))
        pulumi.export("version", made.version)

    return record(program)


@pytest.mark.parametrize(("mesh", "names"), PLANES)
def test_each_data_plane_gets_the_charts_that_it_needs(mesh: Mesh, names: list[str]) -> None:
    assert [one.name for one in releases(arguments(mesh))] == names


@pytest.mark.parametrize(("mesh", "names"), PLANES)
def test_a_chart_waits_for_those_that_it_needs(mesh: Mesh, names: list[str]) -> None:
    found = releases(arguments(mesh))
    for position, one in enumerate(found):
        assert set(one.after) <= set(names[:position]), f"{one.name} waits for what comes later"
    assert all("istiod" in one.after for one in found[2:])
    assert release(mesh, "istiod").after == ("istio-base",), "CRDs come before what uses them"


def test_the_gateways_pods_have_the_identity_and_the_label_that_policies_name() -> None:
    chart = release(SIDECAR, "istio-ingressgateway")
    assert chart.name == edge_service_account(shop(mesh=SIDECAR))
    assert chart.name.removeprefix("istio-") == SIDECAR.edge.gateway
    assert chart.namespace == "shop-edge"


def test_sidecars_need_no_privileged_init_container() -> None:
    """Pod Security's restricted level would refuse every Pod with one."""
    assert istiod_values(arguments(SIDECAR))["pilot"] == {
        "cni": {"enabled": True},
        "env": {"ENABLE_NATIVE_SIDECARS": "true"},
    }


def test_ambient_is_a_profile_of_each_chart_of_the_data_plane() -> None:
    for name in ("istiod", "istio-cni", "ztunnel"):
        assert release(AMBIENT, name).values["profile"] == "ambient"
    assert "profile" not in release(SIDECAR, "istiod").values


def test_the_mesh_knows_the_providers_that_telemetry_names() -> None:
    values = istiod_values(arguments(SIDECAR))["meshConfig"]
    providers = {one["name"]: one for one in values["extensionProviders"]}
    telemetry = SIDECAR.telemetry
    assert set(providers) == {telemetry.tracing_provider, telemetry.access_log_provider}
    assert providers["otel"].get("opentelemetry") == {"service": "otel.svc", "port": 4317}
    logs: Any = providers["json"].get("envoyFileAccessLog")
    assert logs["logFormat"]["labels"]["trace_id"] == "%TRACE_ID%", "a log line leads to its trace"
    assert values["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}


@pytest.mark.parametrize(("mesh", "names"), PLANES)
def test_charts_are_installed_at_the_pinned_version_in_order(mesh: Mesh, names: list[str]) -> None:
    recording = registered(mesh)
    (component,) = [one for one in recording.components if one.name == "istio"]
    made = {one.name: one for one in recording.registrations if one.type == RELEASE}
    assert list(made) == names
    for one in releases(arguments(mesh)):
        inputs = made[one.name].inputs
        assert (inputs["version"], inputs["chart"], inputs["repositoryOpts"]) == (ISTIO, one.chart, {"repo": CHARTS})
        assert inputs["name"] == one.name, "fixed, as policies name what belongs to it"
        assert made[one.name].parent == component.urn
        assert {made[other].urn for other in one.after} <= made[one.name].dependencies
    assert recording.exports["version"] == ISTIO


@pytest.mark.parametrize(("mesh", "names"), PLANES[1:])
def test_the_gateway_apis_definitions_come_first(mesh: Mesh, names: list[str]) -> None:
    recording = registered(mesh)
    (definitions,) = [one for one in recording.registrations if one.type == CONFIG_FILE]
    assert definitions.inputs["file"] == GATEWAY_API_CRDS
    assert f"/v{GATEWAY_API}/" in GATEWAY_API_CRDS
    assert [one.name for one in recording.registrations].index("gateway-api") < min(
        [one.name for one in recording.registrations].index(name) for name in names
    )
    assert CONFIG_FILE not in {one.type for one in registered(SIDECAR).registrations}
