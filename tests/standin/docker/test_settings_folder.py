"""What one run of buildx is given: nothing secret in the open, and nothing of the user's lost."""

import base64
import json
from pathlib import Path

import pytest

from launcher.standin.docker.build import Login
from launcher.standin.docker.failures import BuildFailed
from launcher.standin.docker.settings_folder import registry_key, settings, with_logins

LOGIN = Login("harbor.example.com", "ci", "hunter2-password")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own settings, which keep logins in a credential store."""
    folder = tmp_path / "docker"
    (folder / "contexts" / "meta").mkdir(parents=True)
    config = {"currentContext": "lab", "credsStore": "pass", "credHelpers": {"gcr.io": "gcloud"}, "auths": {"old": {}}}
    (folder / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    for name in ("BUILDX_CONFIG", "DOCKER_HOST", "DOCKER_AUTH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return folder


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.usefixtures("own")
def test_only_this_user_can_read_credentials_and_secrets_and_afterwards_nobody() -> None:
    with settings(None, [LOGIN], {"ca-bundle": "PEM", "token": "t"}) as given:
        folder = Path(given.variables["DOCKER_CONFIG"])
        assert mode(given.scratch) == mode(folder) == 0o700
        assert mode(folder / "config.json") == 0o600
        assert {key: (path.read_text(), mode(path)) for key, path in given.secrets.items()} == {
            "ca-bundle": ("PEM", 0o600),
            "token": ("t", 0o600),
        }
        assert "hunter2" not in json.dumps(dict(given.variables)), "a variable is inherited by every process"
    assert not given.scratch.exists()


@pytest.mark.usefixtures("own")
def test_they_are_gone_after_a_failure_too() -> None:
    given = settings(None, [LOGIN], {"token": "t"})
    scratch = given.__enter__().scratch
    error = OSError("the disk is full")
    assert not given.__exit__(OSError, error, None)
    assert not scratch.exists()


def test_settings_that_are_broken_are_named(own: Path) -> None:
    (own / "config.json").write_text("{")
    with pytest.raises(BuildFailed, match=r"config\.json is not JSON"):
        settings(None, [LOGIN], {}).__enter__()


def test_contexts_and_builders_of_the_user_stay_in_force(own: Path) -> None:
    with settings(None, [LOGIN], {}) as given:
        folder = Path(given.variables["DOCKER_CONFIG"])
        assert (folder / "contexts" / "meta").is_dir()
        assert given.variables["BUILDX_CONFIG"] == str(own / "buildx")
        assert json.loads((folder / "config.json").read_text())["currentContext"] == "lab"
    assert (own / "contexts" / "meta").is_dir(), "cleaning up removed the user's own folder"


def test_without_credentials_the_users_settings_are_used_as_they_are(own: Path) -> None:
    with settings(None, [], {"token": "t"}) as given:
        assert given.variables["DOCKER_CONFIG"] == str(own)


@pytest.mark.usefixtures("own")
def test_the_programs_engine_goes_first() -> None:
    with settings("tcp://10.0.0.1:2376", [], {}) as given:
        assert given.variables["DOCKER_HOST"] == "tcp://10.0.0.1:2376"


def test_a_given_login_goes_before_store_helper_and_variable_for_its_registry_alone() -> None:
    own = {"credsStore": "pass", "credHelpers": {"gcr.io": "gcloud", "harbor.example.com": "harbor"}}
    other = {"auths": {"ghcr.io": {"auth": "eA=="}, "harbor.example.com": {"auth": "eQ=="}}}
    found = with_logins(own, json.dumps(other), [LOGIN])
    assert base64.b64decode(found["auths"]["harbor.example.com"]["auth"]) == b"ci:hunter2-password"
    assert found["auths"]["ghcr.io"] == {"auth": "eA=="}
    assert found["credHelpers"] == {"gcr.io": "gcloud", "harbor.example.com": ""}
    assert found["credsStore"] == "pass", "a base image from another registry needs the user's own login"


@pytest.mark.parametrize(
    ("server", "key"),
    [
        ("harbor.example.com", "harbor.example.com"),
        ("https://harbor.example.com/v2/", "harbor.example.com"),
        ("127.0.0.1:5001/shop/users:1", "127.0.0.1:5001"),
        ("localhost:5000", "localhost:5000"),
        ("docker.io", "https://index.docker.io/v1/"),
        ("https://index.docker.io/v1/", "https://index.docker.io/v1/"),
        ("shop/users:1", "https://index.docker.io/v1/"),
    ],
)
def test_a_login_is_filed_under_dockers_name_of_the_registry(server: str, key: str) -> None:
    assert registry_key(server) == key
