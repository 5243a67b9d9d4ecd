"""Fixtures that several folders of tests share."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from localcluster.control_plane import ControlPlane, running


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `make golden` and `make dashboards` pass."""
    parser.addoption("--rewrite-goldens", action="store_true", help="make tests/golden hold what the stacks render now")
    parser.addoption(
        "--redraw-dashboards", action="store_true", help="make docs/dashboards show the dashboards as they are now"
    )


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the API server, and send them to one worker: one server is enough.

    That needs `--dist loadgroup`; under another distribution each worker runs its own.
    """
    for item in items:
        if "api_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.apiserver)
            item.add_marker(pytest.mark.xdist_group("api_server"))


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[ControlPlane]:
    """A real API server for the whole session. Tests share it, so each works in namespaces of its own."""
    with running(tmp_path_factory.mktemp("api-server")) as control_plane:
        yield control_plane
