"""What proxies tell: spans, access logs, and metrics by version."""

from __future__ import annotations

from typing import Any

from components.manifests import Manifest
from components.mesh.telemetry import MeshTelemetry
from tests.components.mesh.routed import accepted
from tests.components.mesh.whole_shop import settings, shop


def built(**telemetry: Any) -> Manifest:
    mesh = settings(telemetry={"sampling": "5%", **telemetry})
    (body,) = accepted(MeshTelemetry.manifests("mesh", shop(mesh=mesh)))
    return body


def test_a_namespace_has_one_telemetry_without_a_selector() -> None:
    body = built()
    assert (body["metadata"]["namespace"], body["metadata"]["name"]) == ("shop", "default")
    assert "selector" not in body["spec"]


def test_traces_are_sampled_in_the_share_of_the_environment() -> None:
    assert built(sampling="12.5%", **{"tracing-provider": "collector"})["spec"]["tracing"] == [
        {"providers": [{"name": "collector"}], "randomSamplingPercentage": 12.5}
    ]


def test_access_logs_go_to_the_provider_or_nowhere() -> None:
    assert built()["spec"]["accessLogging"] == [{"providers": [{"name": "json"}]}]
    assert built(**{"access-logs": False})["spec"]["accessLogging"] == [{"disabled": True}]


def test_metrics_tell_versions_of_a_service_apart() -> None:
    (metrics,) = built()["spec"]["metrics"]
    assert metrics["providers"] == [{"name": "prometheus"}]
    assert {override["match"]["metric"] for override in metrics["overrides"]} == {"REQUEST_COUNT", "REQUEST_DURATION"}
    for override in metrics["overrides"]:
        assert override["match"]["mode"] == "CLIENT", "the caller's proxy knows who answered"
        assert override["tagOverrides"] == {
            "destination_track": {
                "operation": "UPSERT",
                "value": "filter_state.upstream_peer.labels['polyglot.dev/track']",
            }
        }
