"""What is in the images, and what is not."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker
import pytest

from components.specs.images import ImageBuildSpec
from localregistry.building import build
from stacks.assembly import render
from stacks.loader import validate
from tests.integration.contracts.platform import containers
from tests.integration.images.layers import INSTALLERS, SHELLS, Image

SERVICES = ("gateway", "orders", "users", "fulfilment", "recommendations")
MEGABYTE = 1_000_000
LIMITS = {"gateway": 25, "orders": 25, "users": 120, "fulfilment": 120, "recommendations": 100}
"""Service → the most that its image may have, unpacked, in megabytes."""
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
TRUST_STORE = "/opt/jre/lib/security/cacerts"


@pytest.fixture
def image(images: Mapping[str, Image], service: str) -> Image:
    return images[service]


@pytest.fixture(scope="session")
def careless(
    docker_client: docker.DockerClient,
    planted_authority: bytes,
    builds: Mapping[str, ImageBuildSpec],
    tmp_path_factory: pytest.TempPathFactory,
) -> Image:
    """An image as it should not be: on a whole system, with the private CA in a layer that the next one hides."""
    folder = tmp_path_factory.mktemp("careless")
    (folder / "private.pem").write_bytes(planted_authority)
    base = builds["recommendations"].arguments["PYTHON_IMAGE"]
    (folder / "Dockerfile").write_text(f"FROM {base}\nCOPY private.pem /private.pem\nRUN rm /private.pem\n")
    spec = builds["recommendations"].model_copy(
        update={"name": "careless", "tag": "test", "context": ".", "dockerfile": "Dockerfile", "arguments": {}}
    )
    build(spec, project=folder)
    return Image.read(docker_client, spec.reference)


def user_of_pods() -> str:
    """The user and group that every Pod of the platform runs as."""
    pods: list[Any] = [body for body in render(validate("ci")) if body["kind"] == "Deployment"]
    contexts = [
        body["spec"]["template"]["spec"]["securityContext"] for body in pods if body["metadata"]["name"] in SERVICES
    ]
    (user,) = {f"{one['runAsUser']}:{one['runAsGroup']}" for one in contexts}
    return user


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_is_small(image: Image, service: str) -> None:
    assert image.size < LIMITS[service] * MEGABYTE, f"{service} has {image.size / MEGABYTE:.1f} MB"


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_has_neither_shell_nor_package_manager(image: Image) -> None:
    """Who breaks in finds nothing to work with."""
    assert not image.programs() & (SHELLS | INSTALLERS)


def test_a_shell_and_a_package_manager_would_be_seen(careless: Image) -> None:
    assert {"sh", "apt-get", "dpkg"} <= careless.programs()


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_runs_as_the_user_that_its_pod_names(image: Image) -> None:
    assert image.configuration["User"] == user_of_pods(), "files of the image would belong to somebody else"


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_names_the_ports_that_the_catalogue_declares(image: Image, service: str) -> None:
    exposed = {int(port.partition("/")[0]) for port in image.configuration["ExposedPorts"]}
    assert exposed == set(containers()[service].ports.values())


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_says_what_it_is(image: Image, service: str, builds: Mapping[str, ImageBuildSpec]) -> None:
    """https://github.com/opencontainers/image-spec/blob/main/annotations.md."""
    labels = {
        name.removeprefix("org.opencontainers.image."): text for name, text in image.configuration["Labels"].items()
    }
    assert labels.pop("description"), "a registry's page would be empty"
    assert labels == {"title": service, "version": builds[service].tag, "base.name": "scratch"}


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_trusts_the_public_authorities(image: Image, service: str) -> None:
    if service in {"users", "fulfilment"}:
        assert len(image.content(TRUST_STORE)) > 50_000, "a JVM without authorities trusts nobody"
        return
    context = ssl.create_default_context(cadata=image.content(AUTHORITIES).decode())
    assert len(context.get_ca_certs()) > 100, "TLS to others would fail"


@pytest.mark.parametrize("service", SERVICES)
def test_no_layer_of_an_image_has_the_authorities_of_the_build(image: Image, build_authorities: Path) -> None:
    """They are those of one network; an image goes everywhere."""
    end = b"-----END CERTIFICATE-----\n"
    for certificate in build_authorities.read_bytes().split(end)[:-1]:
        assert not image.places_of(certificate.strip() + b"\n" + end)
    assert not [file.path for file in image.files if file.path.endswith((".p12", "build-secret.pem"))]


def test_an_authority_in_a_hidden_layer_would_be_seen(careless: Image, planted_authority: bytes) -> None:
    assert careless.places_of(planted_authority) == ["private.pem"]


@pytest.mark.parametrize("service", SERVICES)
def test_scanners_find_which_packages_an_image_is_made_of(image: Image, service: str) -> None:
    """Go's binaries carry their modules, jars and wheels their versions; Debian's packages need a record."""
    if service in {"gateway", "orders"}:
        assert b"google.golang.org/grpc" in image.content(f"/{service}"), "the modules are part of a Go binary"
        return
    records = [file for file in image.files if file.path.startswith("var/lib/dpkg/status.d/") and file.content]
    assert {"libc6", "ca-certificates"} <= {file.path.rpartition("/")[2] for file in records}
    assert all(b"\nVersion: " in file.content for file in records)
    assert b"ID=" in image.content("/etc/os-release"), "versions mean something within one distribution"
