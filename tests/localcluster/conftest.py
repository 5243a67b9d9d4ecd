"""Fixtures that talk to the shared API server."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from localcluster.control_plane import ControlPlane
from tests.localcluster.api import Api, as_administrator, eventually


@pytest.fixture
def api(api_server: ControlPlane, tmp_path: Path) -> Api:
    return as_administrator(api_server, tmp_path)


@pytest.fixture
def namespace(api: Api, request: pytest.FixtureRequest) -> Generator[str]:
    """An own namespace, whose Pods have to meet the restricted standard."""
    name = request.node.name.split("@")[0].removeprefix("test_").replace("_", "-")[:63].strip("-")
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    created = api.post("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    assert created.status_code == 201, created.text
    path = f"/api/v1/namespaces/{name}"
    eventually(lambda: api.get(f"{path}/serviceaccounts/default").ok, "a namespace gets its default service account")
    eventually(
        lambda: api.get(f"{path}/configmaps/kube-root-ca.crt").ok, "a namespace gets the authority's certificate"
    )
    yield name
    api.delete(path)
