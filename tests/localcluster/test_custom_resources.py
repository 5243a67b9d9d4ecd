"""Where the custom resource definitions come from, and that nobody can slip others in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from launcher.failures import ToolUnavailable
from localcluster.custom_resources import MODULE, definitions, definitions_of


def test_each_definition_of_the_mesh_is_there() -> None:
    served = {body["spec"]["group"]: body["metadata"]["name"] for body in definitions()}
    assert set(served) >= {
        "networking.istio.io",
        "security.istio.io",
        "telemetry.istio.io",
        "gateway.networking.k8s.io",
        "cert-manager.io",
    }


def test_of_the_gateway_api_only_the_standard_channel_is_there() -> None:
    channels = {
        body["metadata"]["annotations"]["gateway.networking.k8s.io/channel"]
        for body in definitions()
        if body["spec"]["group"] == "gateway.networking.k8s.io"
    }
    assert channels == {"standard"}, "an experimental field would pass here, and be dropped on most clusters"


def test_of_the_prometheus_operator_only_what_is_rendered_is_there() -> None:
    kinds = {
        body["spec"]["names"]["kind"] for body in definitions() if body["spec"]["group"] == "monitoring.coreos.com"
    }
    assert kinds == {"PodMonitor", "PrometheusRule", "ServiceMonitor"}, "each further one slows an API server's start"


def test_a_module_with_other_contents_is_refused(tmp_path: Path) -> None:
    module = Path(shutil.copytree(MODULE, tmp_path / "crds"))
    sums = (module / "go.sum").read_text()
    (module / "go.sum").write_text(sums.replace("istio.io/api v1.31.1 h1:", "istio.io/api v1.31.1 h1:A", 1))
    with pytest.raises(ToolUnavailable, match=r"istio\.io/api@v1\.31\.1: checksum mismatch"):
        list(definitions_of(module))
