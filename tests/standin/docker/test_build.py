"""The command line of buildx."""

from pathlib import Path

from launcher.standin.docker.build import Build, Login, command

BUILDX, METADATA = Path("/bin/docker-buildx"), Path("/run/metadata.json")


def line(*, secrets: dict[str, Path] | None = None, **settings: object) -> list[str]:
    plain = {"tags": ("shop/users:1",), "context": "services", "dockerfile": "services/users/Dockerfile", "push": True}
    build = Build(**{**plain, **settings})  # ty: ignore[invalid-argument-type] - the table of a test
    return command(BUILDX, build, metadata=METADATA, secrets=secrets or {})


def test_a_build_is_pushed_or_kept() -> None:
    assert "--push" in line()
    assert "--load" not in line()
    assert "--load" in line(push=False)
    assert "--push" not in line(push=False)


def test_nothing_of_the_context_can_be_taken_for_an_option() -> None:
    assert line(context="--privileged")[-2:] == ["--", "--privileged"]


def test_everything_that_shapes_an_image_stands_on_it() -> None:
    found = line(
        tags=("r/users:1", "r/users:2"),
        platforms=("linux/amd64", "linux/arm64"),
        arguments={"B": "2", "A": "1 x"},
        cache_from=({"ref": "r/users:cache"},),
        cache_to=({"ref": "r/users:cache", "mode": "max"},),
        builder="mine",
    )
    assert found == [
        "/bin/docker-buildx",
        "build",
        "--progress=rawjson",
        "--metadata-file=/run/metadata.json",
        "--file=services/users/Dockerfile",
        "--tag=r/users:1",
        "--tag=r/users:2",
        "--build-arg=A=1 x",
        "--build-arg=B=2",
        "--cache-from=type=registry,ref=r/users:cache",
        "--cache-to=type=registry,ref=r/users:cache,mode=max",
        "--push",
        "--platform=linux/amd64,linux/arm64",
        "--builder=mine",
        "--provenance=false",
        "--",
        "services",
    ]


def test_provenance_is_left_to_buildx_where_it_is_wanted() -> None:
    """An attestation makes an image a list of two manifests, which some registries and tools don't expect."""
    assert "--provenance=false" in line()
    assert not [option for option in line(attestations=True) if "provenance" in option]


def test_credentials_and_secrets_are_never_on_it() -> None:
    """Every user of a machine can read the command lines of all."""
    login = Login("r", "ci", "hunter2-password")
    found = line(logins=(login,), secrets={"token": Path("/run/secret-0")})
    assert "--secret=id=token,src=/run/secret-0" in found
    assert "hunter2" not in " ".join(found)


def test_no_secret_is_in_what_a_traceback_shows() -> None:
    login = Login("r", "ci", "hunter2-password")
    build = Build(tags=("u",), context=".", dockerfile="D", push=True, logins=(login,), secrets={"token": "hunter2"})
    assert "hunter2" not in repr(build)
