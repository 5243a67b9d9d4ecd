"""The base images: every Dockerfile's, under the names of the public registry."""

from __future__ import annotations

import pytest
import requests

from components.versions import BASE_IMAGES
from localregistry import bases
from localregistry.bases import Base
from localregistry.recipes import RECIPES
from tests.localregistry.servers import on_loopback


def test_every_pinned_base_image_has_a_place_in_the_local_registry() -> None:
    names = {base.at(bases.PUBLIC) for base in bases.bases()}
    assert names == {image for arguments in BASE_IMAGES.values() for image in arguments.values()}
    assert {base.at("127.0.0.1:5001") for base in bases.bases()} == {
        image.replace("docker.io/", "127.0.0.1:5001/") for image in names
    }, "a mirror has docker.io's images under the same names"


def test_every_base_image_can_be_made_where_it_cannot_be_pulled() -> None:
    assert {base.repository for base in bases.bases()} <= RECIPES.keys()


def test_an_image_is_present_where_the_registry_has_its_manifest() -> None:
    with on_loopback({"/v2/library/golang/manifests/1": (200, b"{}")}) as registry:
        assert bases.present(Base("library/golang", "1"), registry)
        assert not bases.present(Base("library/golang", "2"), registry)


@pytest.mark.parametrize(("status", "answers"), [(200, True), (401, True), (503, False)])
def test_the_public_registry_answers_also_with_a_demand_to_log_in(
    status: int, answers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with on_loopback({"/v2/": (status, b"")}) as address:
        monkeypatch.setattr(bases, "PUBLIC_API", f"http://{address}/v2/")
        assert bases.public_registry_answers() is answers


def test_a_public_registry_that_nobody_reaches_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> requests.Response:
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "get", unreachable)
    assert not bases.public_registry_answers()
