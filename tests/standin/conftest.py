"""A running stand-in, with the engine's log beside it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from launcher.standin.kubernetes.configuration import RENDER
from launcher.standin.kubernetes.http_api import HttpApi
from launcher.standin.kubernetes.kubeconfig import cluster_of
from launcher.standin.kubernetes.provider import KubernetesStandIn
from launcher.standin.serve import serving
from localcluster.control_plane import ControlPlane
from tests.standin.engine_side import Instance, Log, Properties, attached, serving_log
from tests.standin.manifests import plain


@pytest.fixture
def engine_log() -> Iterator[tuple[Log, str]]:
    with serving_log() as log_and_address:
        yield log_and_address


@pytest.fixture
def log(engine_log: tuple[Log, str]) -> Log:
    return engine_log[0]


@pytest.fixture
def attach(engine_log: tuple[Log, str]) -> Iterator[Callable[[], Instance]]:
    """Attaches one more provider instance to one and the same stand-in."""
    with serving(KubernetesStandIn()) as port, ExitStack() as instances:
        yield lambda: instances.enter_context(attached(port, engine_log[1]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rendered"


@pytest.fixture
def rendering(attach: Callable[[], Instance], folder: Path) -> Instance:
    """A provider instance that renders to `folder`."""
    instance = attach()
    settings: Properties = {RENDER: str(folder), "enableServerSideApply": "true"}
    assert not instance.check_config(settings)
    instance.configure(settings)
    return instance


@pytest.fixture(scope="module")
def api(api_server: ControlPlane) -> Iterator[HttpApi]:
    """The API server as somebody else sees it."""
    client = HttpApi(cluster_of(str(api_server.kubeconfig), api_server.context))
    yield client
    client.close()


@pytest.fixture
def namespace(api: HttpApi, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"standin-{abs(hash(request.node.name)):x}"
    api.request("POST", "api/v1/namespaces", body=plain("Namespace", name, namespace=None))
    yield name
    api.request("DELETE", f"api/v1/namespaces/{name}")


@pytest.fixture
def applying(attach: Callable[[], Instance], api_server: ControlPlane) -> Instance:
    """A provider instance that applies to the API server."""
    instance = attach()
    settings = {
        "kubeconfig": str(api_server.kubeconfig),
        "context": api_server.context,
        "enableServerSideApply": "true",
    }
    assert not instance.check_config(settings)
    instance.configure(settings)
    return instance
