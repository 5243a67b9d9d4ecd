"""A builder that can more than the engine's own: several platforms, a cache in the registry, provenance."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from launcher.standin.docker.kinds import BUILD_IMAGE
from launcher.standin.docker.provider import DockerStandIn
from launcher.standin.serve import serving
from tests.integration.docker_standin.manifests import ACCEPT
from tests.standin.engine_side import Instance, Log, attached, serving_log


@pytest.fixture
def log_and_instance(
    buildx: Path, buildkit_builder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[tuple[Log, Instance]]:
    """An instance on a machine without a Docker engine."""
    assert buildkit_builder
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/there-is-none")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nARG TARGETARCH\nCOPY ${TARGETARCH}.txt /arch.txt\n")
    for architecture in ("amd64", "arm64"):
        (tmp_path / f"{architecture}.txt").write_text(architecture)
    with (
        serving_log() as (log, address),
        serving(DockerStandIn(BUILD_IMAGE, buildx)) as port,
        attached(port, address) as instance,
    ):
        instance.configure({})
        yield log, instance


def inputs(registry: str, builder: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "tags": [f"{registry}/builder/{name}:1"],
        "context": {"location": "."},
        "builder": {"name": builder},
        "push": True,
        "buildOnPreview": False,
        **more,
    }


def manifest(registry: str, name: str, reference: str) -> dict[str, Any]:
    url = f"http://{registry}/v2/builder/{name}/manifests/{reference}"
    request = urllib.request.Request(url, headers={"Accept": ACCEPT})
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
        return json.loads(answer.read())


def platforms(index: dict[str, Any]) -> set[str]:
    return {entry["platform"]["architecture"] for entry in index.get("manifests", ())}


def create(instance: Instance, given: dict[str, Any]) -> dict[str, Any]:
    checked, problems = instance.check(BUILD_IMAGE.type, given)
    assert not problems
    instance.create(BUILD_IMAGE.type, checked, preview=True)  # nor does a preview miss the engine
    return instance.create(BUILD_IMAGE.type, checked)[1]


def test_one_image_for_several_platforms_without_a_docker_engine(
    log_and_instance: tuple[Log, Instance], local_registry: str, buildkit_builder: str
) -> None:
    given = inputs(local_registry, buildkit_builder, "platforms", platforms=["linux/amd64", "linux/arm64"])
    outputs = create(log_and_instance[1], given)
    assert platforms(manifest(local_registry, "platforms", outputs["digest"])) == {"amd64", "arm64"}


def test_provenance_is_attached_where_it_is_wanted_and_nowhere_else(
    log_and_instance: tuple[Log, Instance], local_registry: str, buildkit_builder: str
) -> None:
    attested = create(log_and_instance[1], inputs(local_registry, buildkit_builder, "attested", exec=True))
    plain = create(log_and_instance[1], inputs(local_registry, buildkit_builder, "plain"))
    entries = manifest(local_registry, "attested", attested["digest"])["manifests"]
    attestations = [entry for entry in entries if "vnd.docker.reference.type" in entry.get("annotations", {})]
    assert len(attestations) == 1
    layers = manifest(local_registry, "attested", attestations[0]["digest"])["layers"]
    assert [layer["annotations"]["in-toto.io/predicate-type"] for layer in layers] == [
        "https://slsa.dev/provenance/v0.2"
    ]
    assert "manifests" not in manifest(local_registry, "plain", plain["digest"]), "a plain image is one manifest"


def test_the_cache_that_one_build_leaves_in_the_registry_serves_the_next(
    log_and_instance: tuple[Log, Instance], local_registry: str, buildkit_builder: str
) -> None:
    log, instance = log_and_instance
    cache = {"registry": {"ref": f"{local_registry}/builder/cached:buildcache"}}
    caching = {"cacheFrom": [cache], "cacheTo": [{"registry": {**cache["registry"], "mode": "max"}}]}
    outputs = create(instance, inputs(local_registry, buildkit_builder, "cached", **caching))
    assert manifest(local_registry, "cached", "buildcache")
    again = instance.update(
        BUILD_IMAGE.type,
        outputs,
        instance.check(BUILD_IMAGE.type, inputs(local_registry, buildkit_builder, "cached", **caching))[0],
    )
    assert again["digest"] == outputs["digest"]
    assert "importing cache manifest" in log.text
