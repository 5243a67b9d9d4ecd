"""Each failure is told once, with what it is about, what follows from it, and what to do."""

import pytest

from launcher.standin.docker.build import Build
from launcher.standin.docker.failures import UNCHANGED, explained, no_engine, registry_of, repository_of
from launcher.standin.docker.log import BuildLog
from tests.standin.docker.messages import failed, output, vertex

PUSHING = "pushing 127.0.0.1:5001/shop/users:1 with docker"
BASE = "[internal] load metadata for docker.io/library/nothing:1"


def build(**settings: object) -> Build:
    plain = {
        "tags": ("127.0.0.1:5001/shop/users:1",),
        "context": "services",
        "dockerfile": "services/users/Dockerfile",
        "platforms": ("linux/arm64",),
        "push": True,
    }
    return Build(**{**plain, **settings})  # ty: ignore[invalid-argument-type] - the table of a test


def message(*lines: str, exit_code: int = 1, **settings: object) -> str:
    log = BuildLog()
    for line in lines:
        list(log.read(line))
    return explained(build(**settings), log, exit_code)


@pytest.mark.parametrize(
    ("lines", "what", "fix"),
    [
        (
            [failed("Cannot connect to the Docker daemon at unix:///run/none. Is the docker daemon running?")],
            "No Docker engine answers at unix:///run/none,",
            "DOCKER_HOST",
        ),
        (
            [vertex("[internal] booting buildkit", error="Error response from daemon: page not found")],
            "the engine has no BuildKit",
            "Docker 18.09",
        ),
        (
            [vertex(PUSHING, error="no basic auth credentials"), failed("no basic auth credentials")],
            "the registry 127.0.0.1:5001 refuses the login",
            "docker login 127.0.0.1:5001",
        ),
        (
            [vertex(PUSHING, error="unauthorized: authentication required")],
            "the registry 127.0.0.1:5001 refuses the login",
            "correct the credentials",
        ),
        (
            [vertex(PUSHING, error="denied: requested access to the resource is denied")],
            "the registry 127.0.0.1:5001 refuses the push",
            "push to 127.0.0.1:5001/shop/users",
        ),
        (
            [vertex(PUSHING, error='error parsing HTTP 405 response body: "Method not allowed"')],
            "refuses the push",
            "the right to push",
        ),
        (
            [vertex("exporting to image", error="failed to push r/u:1: unexpected status: 403 Forbidden")],
            "refuses the push",
            "the right to push",
        ),
        (
            [vertex(PUSHING, error="dial tcp 127.0.0.1:5001: connect: connection refused")],
            "the registry 127.0.0.1:5001 doesn't answer",
            "correct its address",
        ),
        (
            [vertex(PUSHING, error='Get "https://r/v2/": x509: certificate signed by unknown authority')],
            "doesn't trust the certificate of the registry 127.0.0.1:5001",
            "certs.d",
        ),
        (
            [vertex(PUSHING, error="http: server gave HTTP response to HTTPS client")],
            "speaks plain HTTP",
            "insecure-registries",
        ),
        (
            [failed("Multi-platform build is not supported for the docker driver.")],
            "one platform only",
            "docker buildx create",
        ),
        (
            [failed('"nope": unknown operating system or architecture: invalid argument')],
            "linux/arm64 is no platform",
            "linux/amd64",
        ),
        (
            [output("exec /bin/sh: exec format error\n"), vertex("[2/2] RUN x", error="x: exit code: 1")],
            "can't run the programs of linux/arm64",
            "qemu-user-static",
        ),
        ([failed("Cache export is not supported for the docker driver.")], "can't keep its cache", "no cache"),
        ([failed('no builder "mine" found')], "buildx has no builder mine", "docker buildx create --name mine"),
        (
            [vertex(BASE, error="docker.io/library/nothing:1: not found")],
            "its base image docker.io/library/nothing:1 can't be had",
            "correct the name",
        ),
        (
            [vertex(BASE, error="Head https://registry-1.docker.io: dial tcp: i/o timeout")],
            "its base image docker.io/library/nothing:1 can't be had",
            "a mirror",
        ),
        (
            [vertex("[build 3/5] RUN make", error="process did not complete successfully: exit code: 2")],
            "shop/users:1: the step '[build 3/5] RUN make' ended with exit code 2",
            "Correct services/users/Dockerfile",
        ),
        (
            [failed("failed to solve: dockerfile parse error line 2: unknown instruction: COPIE")],
            "dockerfile parse error line 2: unknown instruction: COPIE",
            "Correct it",
        ),
        ([], "buildx ended with exit code 1", "Correct it"),
    ],
)
def test_a_failure_says_what_is_wrong_what_follows_and_what_to_do(lines: list[str], what: str, fix: str) -> None:
    found = message(*lines, builder="mine" if "mine" in what else None)
    assert what in found
    assert fix in found
    assert UNCHANGED in found, "nobody could tell whether the running version was touched"


def test_a_login_that_a_base_image_needs_is_not_taken_for_the_push() -> None:
    found = message(vertex(BASE, error="pull access denied, repository does not exist or may require authorization"))
    assert "base image" in found
    assert "refuses the push" not in found


def test_a_program_that_prints_denied_is_no_registry_that_denies() -> None:
    found = message(output("permission denied\n"), vertex("[2/2] RUN ./x", error="exit code: 126"))
    assert "the step '[2/2] RUN ./x' ended with exit code 126" in found


@pytest.mark.parametrize(
    ("error", "address"),
    [
        ("Cannot connect to the Docker daemon at tcp://10.0.0.1:2375. Is the docker daemon running?", "10.0.0.1:2375"),
        (
            "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get",
            "unix:///var/run/docker.sock",
        ),
        ('error during connect: Get "http://docker.example.com/v1.41/version": command [ssh] failed', "example.com"),
    ],
)
def test_the_address_of_the_engine_that_was_tried_is_named(error: str, address: str) -> None:
    found = no_engine(error)
    assert found is not None
    assert address in found.split(", so no image")[0]


@pytest.mark.parametrize(
    ("tag", "registry", "repository"),
    [
        ("127.0.0.1:5001/shop/users:1", "127.0.0.1:5001", "127.0.0.1:5001/shop/users"),
        ("localhost/users", "localhost", "localhost/users"),
        ("harbor.example.com/shop/users:1@sha256:00", "harbor.example.com", "harbor.example.com/shop/users"),
        ("shop/users:1", "docker.io", "shop/users"),
        ("users", "docker.io", "users"),
    ],
)
def test_a_name_is_taken_apart_as_docker_does(tag: str, registry: str, repository: str) -> None:
    assert (registry_of(tag), repository_of(tag)) == (registry, repository)
