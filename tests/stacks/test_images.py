"""Which images are built, under which names, and what an environment may say about them."""

from __future__ import annotations

import os
import shutil
import time
from errno import EACCES
from pathlib import Path
from typing import Any

import certifi
import pytest

from components.images.image_build import ImageBuildArgs
from components.specs.images import ImageBuildSpec
from stacks.assembly import compose, provider_packages, render
from stacks.build_files import MOST_CERTIFICATES
from stacks.loader import PROJECT, validate
from stacks.schema.platform import Platform
from tests.stacks.project import REMOVED, Project, place

BUILT = {"gateway", "users", "orders", "recommendations", "fulfilment"}
PUBLIC_BUNDLE = Path(certifi.where()).read_text()
ONE_CERTIFICATE = PUBLIC_BUNDLE[
    PUBLIC_BUNDLE.index("-----BEGIN") : PUBLIC_BUNDLE.index("-----END") + len("-----END CERTIFICATE-----\n")
]


def tags(platform: Platform) -> dict[str, str]:
    return {name: str(platform.workloads[name].spec.image).rpartition(":")[2] for name in BUILT}


def changed(
    tmp_path: Path, stack: str, environment: dict[str, Any], catalogue: dict[str, Any] | None = None
) -> Platform:
    return Project(tmp_path, stack).change(catalogue, environment).validate()


def builds(platform: Platform) -> dict[str, ImageBuildSpec]:
    return dict(platform.images.builds)


def test_an_environment_that_never_builds_names_what_ci_pushes_from_the_same_sources() -> None:
    assert tags(validate("local")) == tags(validate("ci")) == tags(validate("dev"))
    assert builds(validate("local")) == {}
    assert set(builds(validate("ci"))) == BUILT


def test_the_mirror_that_base_images_come_from_changes_no_tag_but_is_what_the_build_is_told(tmp_path: Path) -> None:
    mirrored = changed(tmp_path, "dev", {"images base-registry": "mirror.example.com/proxy"})
    assert tags(mirrored) == tags(validate("dev"))
    arguments = {name: dict(build.arguments) for name, build in builds(mirrored).items()}
    assert arguments["gateway"]["GO_IMAGE"].startswith("mirror.example.com/proxy/library/golang:")
    assert builds(validate("dev"))["gateway"].arguments["GO_IMAGE"].startswith("docker.io/library/golang:")
    assert {name: found["VERSION"] for name, found in arguments.items()} == tags(mirrored)


def test_other_platforms_are_other_images(tmp_path: Path) -> None:
    found = changed(tmp_path, "local", {"images platforms": ["linux/arm64"]})
    assert not set(tags(found).values()) & set(tags(validate("local")).values())


def test_an_image_that_the_environment_names_is_not_built(tmp_path: Path) -> None:
    found = changed(tmp_path, "dev", {"services orders": {"image": "example.com/orders:2"}})
    assert set(builds(found)) == BUILT - {"orders"}
    assert found.workloads["orders"].spec.image == "example.com/orders:2"


def test_an_override_without_an_image_leaves_the_build_as_it_is(tmp_path: Path) -> None:
    assert tags(changed(tmp_path, "dev", {"services orders": {"image": None}})) == tags(validate("dev"))


def test_a_canary_keeps_the_image_that_it_names() -> None:
    spec = validate("dev").workloads["users"].spec
    assert spec.versions["canary"].image == "registry.example.com/shop/users:0.2.0-rc.1"


def test_the_short_form_is_the_folder_with_its_dockerfile_and_the_folder_around_it(tmp_path: Path) -> None:
    long = {"context": "services", "dockerfile": "services/orders/Dockerfile"}
    found = changed(tmp_path, "dev", {}, {"services orders build": long})
    assert builds(found)["orders"] == builds(validate("dev"))["orders"]


def test_images_are_settings_that_a_catalogue_without_builds_may_ignore(tmp_path: Path) -> None:
    changes = {f"services {name} build": REMOVED for name in BUILT}
    named = {f"services {name} image": f"example.com/{name}:1" for name in BUILT}
    found = changed(tmp_path, "dev", {}, changes | named)
    assert builds(found) == {}
    assert found.images.credentials is None, "nobody has to supply a login that nothing uses"
    assert provider_packages(found) == ("kubernetes",)


def sources(folder: Path) -> Project:
    """A project whose sources a test may change: its own copy of what the builds see."""
    project = Project(folder, "ci")
    (folder / "services").unlink()
    ignored = shutil.ignore_patterns(".venv", "target", "__pycache__")
    shutil.copytree(PROJECT / "services", folder / "services", ignore=ignored)
    return project


@pytest.mark.parametrize(
    ("file", "rebuilt"),
    [
        ("gateway/main.go", {"gateway"}),
        ("users/src/main/java/shop/users/Main.java", {"users"}),
        ("recommendations/recommendations/service.py", {"recommendations"}),
        ("orders/Dockerfile", {"orders"}),
        ("internal/logging/logging.go", {"gateway", "orders"}),
        ("java/pom.xml", {"users", "fulfilment"}),
        ("proto/shop/users/v1/users.proto", {"users"}),
        ("proto/shop/recommendations/v1/recommendations.proto", {"recommendations"}),
        ("gateway/settings_test.go", set()),
        ("Makefile", set()),
    ],
)
def test_a_changed_line_changes_the_images_that_are_built_from_it_and_no_other(
    tmp_path: Path, file: str, rebuilt: set[str]
) -> None:
    project = sources(tmp_path)
    before = tags(project.validate())
    with (tmp_path / "services" / file).open("a") as source:
        source.write("\n")
    after = tags(project.validate())
    assert {name for name in BUILT if before[name] != after[name]} == rebuilt


def test_the_tags_of_five_services_take_no_time(tmp_path: Path) -> None:
    project = Project(tmp_path, "ci").save()
    started = time.monotonic()
    project.validate()
    assert time.monotonic() - started < 1, "the whole of an unchanged rebuild has two seconds"


def test_production_asks_for_the_digest_of_what_ci_has_built_and_says_who_knows_it(tmp_path: Path) -> None:
    project = Project(tmp_path, "prod").change(environment={"services orders image": REMOVED})
    (problem,) = project.problems()
    assert place(problem) == "Pulumi.prod.yaml services.orders.image"
    tag = tags(validate("local"))["orders"]
    assert problem.message == f"runs registry.example.com/shop/orders:{tag} without a digest"
    assert problem.fix == (
        "set services.orders.image to the image with its digest: …@sha256:…; "
        "'pulumi stack output images' of the stack that builds shows it"
    )


def test_production_that_pushes_gets_its_digests_by_itself(tmp_path: Path) -> None:
    pushing = {"images build": "push", **{f"services {name} image": REMOVED for name in BUILT}}
    assert set(builds(changed(tmp_path, "prod", pushing))) == BUILT


def test_production_that_pushes_still_asks_for_the_digest_of_a_canary(tmp_path: Path) -> None:
    pushing = {"images build": "push", **{f"services {name} image": REMOVED for name in BUILT}}
    versions = {"stable": {"weight": "50%"}, "canary": {"weight": "50%", "image": "example.com/orders:2"}}
    project = Project(tmp_path, "prod").change(
        environment=pushing | {"services orders replicas": 4, "services orders versions": versions}
    )
    assert [place(problem) for problem in project.problems()] == [
        "Pulumi.prod.yaml services.orders.versions.canary.image"
    ]


@pytest.mark.parametrize(
    ("settings", "package"),
    [
        ({}, "docker"),
        ({"images builder": "big"}, "docker-build"),
        ({"images registry-cache": True}, "docker-build"),
        ({"images provenance": True}, "docker-build"),
        ({"images platforms": ["linux/amd64", "linux/arm64"], "images builder": "big"}, "docker-build"),
        ({"images ca-bundle": "extra.pem"}, "docker-build"),
    ],
)
def test_the_settings_decide_which_provider_builds(tmp_path: Path, settings: dict[str, Any], package: str) -> None:
    project = Project(tmp_path, "ci").change(environment=settings).write("extra.pem", ONE_CERTIFICATE)
    assert provider_packages(project.validate()) == ("kubernetes", package)


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_a_stack_that_builds_nothing_needs_no_provider_of_dockers(stack: str) -> None:
    assert provider_packages(validate(stack)) == ("kubernetes",)


def test_of_a_ca_bundle_only_the_certificates_go_into_builds(tmp_path: Path) -> None:
    """A file that somebody has put a private key into must not hand it to every build stage."""
    key = "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----\n"
    project = Project(tmp_path, "ci").change(environment={"images ca-bundle": "extra.pem"})
    found = project.write("extra.pem", f"# Főtanúsítvány\n{key}{ONE_CERTIFICATE}").validate()
    assert found.images.certificates == ONE_CERTIFICATE
    given = [part.args.certificates for part in compose(found, {}) if isinstance(part.args, ImageBuildArgs)]
    assert given == [ONE_CERTIFICATE] * len(BUILT)


def test_a_ca_bundle_with_all_public_certificates_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path, "ci").change(environment={"images ca-bundle": "extra.pem"})
    (problem,) = project.write("extra.pem", PUBLIC_BUNDLE).problems()
    assert place(problem) == "Pulumi.ci.yaml images.ca-bundle"
    assert "KiB of certificates, more than the 120 KiB of a build secret" in problem.message
    assert MOST_CERTIFICATES < 128 * 1024, "Linux takes no environment variable of that size"


def test_a_certificate_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    half = "\n".join([*ONE_CERTIFICATE.splitlines()[:4], "-----END CERTIFICATE-----", ""])
    project = Project(tmp_path, "ci").change(environment={"images ca-bundle": "extra.pem"})
    (problem,) = project.write("extra.pem", half).problems()
    assert problem.message == "holds no certificate in PEM form, or one that can't be read"


def test_a_pattern_that_docker_refuses_is_told_before_a_build_fails(tmp_path: Path) -> None:
    project = sources(tmp_path)
    with (tmp_path / "services/orders/Dockerfile.dockerignore").open("a") as ignored:
        ignored.write("[a-\n")
    (problem,) = project.problems()
    assert place(problem) == "catalogue.yaml services.orders.build"
    assert problem.message == "leaves out '[a-', a pattern that Docker refuses"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.match("services/orders/main.go"):
            raise PermissionError(EACCES, os.strerror(EACCES), str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    (problem,) = project.problems()
    assert place(problem) == "catalogue.yaml services.orders.build"
    assert problem.message.endswith("services/orders/main.go: Permission denied")


def test_every_pod_of_a_service_can_pull_and_no_pod_of_a_store_is_given_the_login(tmp_path: Path) -> None:
    found = changed(tmp_path, "local", {"images pull-secrets": ["harbor", "mirror"]})
    pods = {
        body["metadata"]["name"]: body["spec"]["template"]["spec"]
        for body in render(found)
        if body["kind"] in {"Deployment", "StatefulSet"}
    }
    given = {name: pod["imagePullSecrets"] for name, pod in pods.items() if "imagePullSecrets" in pod}
    assert given == {name: [{"name": "harbor"}, {"name": "mirror"}] for name in BUILT}
    assert {"users-db", "nats"} <= pods.keys() - given.keys()
