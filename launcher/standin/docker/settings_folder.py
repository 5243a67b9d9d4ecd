"""Settings for one run of buildx: the user's own, with the credentials and secrets that the program gives."""

import base64
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.buildx import docker_folder
from launcher.private_file import write_private
from launcher.standin.docker.build import Login
from launcher.standin.docker.failures import UNCHANGED, BuildFailed, registry_of

_DOCKER_HUB = "https://index.docker.io/v1/"
"""How Docker's settings call Docker Hub (https://github.com/docker/cli/blob/master/cli/config/configfile/file.go)."""
_CONFIG = "config.json"
_ENVIRONMENT_AUTHS = "DOCKER_AUTH_CONFIG"


@dataclass(frozen=True)
class Settings:
    """What a run of buildx is given."""

    variables: Mapping[str, str]
    """Its environment, whole."""
    secrets: Mapping[str, Path]
    """Build secret → the file that holds it."""
    scratch: Path
    """A folder for the run's own files, gone after it."""


@contextmanager
def settings(host: str | None, logins: Sequence[Login], secrets: Mapping[str, str]) -> Iterator[Settings]:
    """Writes credentials and secrets to files that only this user can read, and removes them when the context ends.

    The user's contexts, builders and credential helpers stay in force; a login that the program gives goes first for
    its registry, and for no other. `host` is the engine's address, where the program names one. Raises BuildFailed
    where the user's settings can't be read.
    """
    variables = dict(os.environ)
    if host:
        variables["DOCKER_HOST"] = host
    with tempfile.TemporaryDirectory(prefix="polyglot-buildx-") as name:  # mode 0700
        scratch = Path(name)
        if logins:
            own = docker_folder()
            variables["BUILDX_CONFIG"] = os.environ.get("BUILDX_CONFIG") or str(own / "buildx")
            variables["DOCKER_CONFIG"] = str(_docker_folder(scratch / "docker", own, logins))
            variables.pop(_ENVIRONMENT_AUTHS, None)
        yield Settings(variables, _written(secrets, scratch), scratch)


def _written(secrets: Mapping[str, str], scratch: Path) -> dict[str, Path]:
    files = {key: scratch / f"secret-{index}" for index, key in enumerate(sorted(secrets))}
    for key, path in files.items():
        write_private(path, secrets[key].encode())
    return files


def _docker_folder(folder: Path, own: Path, logins: Sequence[Login]) -> Path:
    folder.mkdir(mode=0o700)
    for entry in own.iterdir() if own.is_dir() else ():
        if entry.name != _CONFIG:
            (folder / entry.name).symlink_to(entry.absolute())
    given = _own_config(own / _CONFIG)
    config = with_logins(given, os.environ.get(_ENVIRONMENT_AUTHS), logins)
    write_private(folder / _CONFIG, json.dumps(config).encode())
    return folder


def _own_config(path: Path) -> Mapping[str, Any]:
    try:
        return json.loads(path.read_text()) if path.is_file() else {}
    except json.JSONDecodeError as error:
        raise BuildFailed(f"{path} is not JSON ({error}), so Docker can't use it. {UNCHANGED}. Repair it.") from error


def with_logins(config: Mapping[str, Any], from_environment: str | None, logins: Sequence[Login]) -> dict[str, Any]:
    """Docker's settings with the logins put first (pure).

    `from_environment` is the text of DOCKER_AUTH_CONFIG, which would go before every file.
    """
    auths = {**config.get("auths", {}), **_auths(from_environment)}
    helpers = dict(config.get("credHelpers", {}))
    for login in logins:
        key = registry_key(login.server)
        pair = f"{login.username}:{login.password}".encode()
        auths[key] = {"auth": base64.b64encode(pair).decode()}
        # An empty helper: look into this file, and don't ask the store that `credsStore` names.
        helpers[key] = ""
    return {**config, "auths": auths, "credHelpers": helpers}


def _auths(text: str | None) -> Mapping[str, Any]:
    try:
        return json.loads(text or "{}").get("auths", {})
    except json.JSONDecodeError:
        return {}


def registry_key(server: str) -> str:
    """The name under which Docker's settings keep a login for a registry, given as a host, a URL or an image's name."""
    host = server.split("://", maxsplit=1)[-1]
    registry = registry_of(f"{host}/" if "/" not in host else host)
    return _DOCKER_HUB if registry in {"docker.io", "index.docker.io", "registry-1.docker.io"} else registry
