"""The shop's stack on the API server: one for all tests, as each run of the engine takes seconds."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from localcluster.control_plane import ControlPlane
from localcluster.custom_resources import definitions
from tests.apiserver.cluster import Cluster
from tests.apiserver.controllers import Node, running
from tests.apiserver.definitions import CustomResources
from tests.apiserver.shop import NAMESPACE, Shop
from tests.localcluster.api import eventually


@pytest.fixture(scope="session")
def opened_shop(api_server: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Generator[Shop]:
    """The shop's project and cluster. What a failed test has left in the cluster is deleted at the end."""
    folder = tmp_path_factory.mktemp("shop")
    cluster, namespace = Cluster.of(api_server, folder), f"/api/v1/namespaces/{NAMESPACE}"
    node, kubeconfig = Node(cluster), Path(shutil.copy(api_server.kubeconfig, folder))
    yield Shop.opened(folder / "project", node, kubeconfig)
    if cluster.get(namespace) is not None:
        with running(api_server, node, folder):
            cluster.request("DELETE", namespace)
            eventually(lambda: cluster.get(namespace) is None, "the namespace goes with all that is in it")


@pytest.fixture(scope="module")
def shop(opened_shop: Shop, api_server: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Generator[Shop]:
    """The shop, up as at first, whatever the module before has left.

    The controllers run for one module at a time: other tests want an API server that nobody else works on.
    """
    with running(api_server, opened_shop.node, tmp_path_factory.mktemp("controllers")):
        opened_shop.restock()
        opened_shop.run("up")
        yield opened_shop


@pytest.fixture(scope="session")
def custom_resources(api_server: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> CustomResources:
    """The mesh's definitions, installed once: no other test has objects of these kinds."""
    return CustomResources.installed(Cluster.of(api_server, tmp_path_factory.mktemp("definitions")), definitions())
