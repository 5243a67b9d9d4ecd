"""What the stand-in asks of a registry itself: whether it still has an image, and to forget one.

The protocol: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

import docker.auth
import httpx2
from docker.errors import DockerException

from launcher.buildx import docker_folder
from launcher.standin.docker.build import Login
from launcher.standin.docker.failures import registry_of, repository_of
from launcher.standin.docker.settings_folder import registry_key

SECONDS = 30.0
"""How long a registry may take to answer."""

MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"
)
"""What a request for an image accepts: its manifest, or the index over those of several platforms."""
_LOOPBACK = re.compile(r"^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$")
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_HUB_ADDRESS = "registry-1.docker.io"


class Unanswered(Exception):
    """The registry did not answer, or refused to. The text says why."""


@dataclass(frozen=True)
class Registries:
    """The registries that images are in, with the logins that a program gives for them."""

    logins: Sequence[Login]

    def has(self, tag: str, digest: str) -> bool:
        """Whether the repository that `tag` names has an image of that digest. Raises Unanswered."""
        status = self._request("HEAD", tag, digest)
        if status not in {200, 404}:
            raise Unanswered(f"the registry {registry_of(tag)} answered with HTTP status {status}")
        return status == 200

    def forget(self, tag: str, digest: str) -> None:
        """Deletes the image of that digest from the repository. Raises Unanswered, also where it may not be deleted."""
        status = self._request("DELETE", tag, digest)
        if status not in {200, 202, 404}:
            raise Unanswered(f"the registry {registry_of(tag)} answered with HTTP status {status}")

    def _request(self, method: str, tag: str, digest: str) -> int:
        registry = registry_of(tag)
        # Like Docker, speak plain HTTP on this machine only.
        scheme = "http" if _LOOPBACK.match(registry) else "https"
        host = _HUB_ADDRESS if registry == "docker.io" else registry
        url = f"{scheme}://{host}/v2/{_path(tag)}/manifests/{digest}"
        headers = {"Accept": MANIFEST_TYPES}
        try:
            # And never ask a proxy for what is on it.
            with httpx2.Client(timeout=SECONDS, follow_redirects=True, trust_env=scheme == "https") as client:
                answer = client.request(method, url, headers=headers)
                if answer.status_code == 401:
                    challenge = answer.headers.get("WWW-Authenticate", "")
                    action = "delete" if method == "DELETE" else "pull"
                    allowed = _authorization(client, challenge, self._login(tag), action)
                    if allowed is not None:
                        answer = client.request(method, url, headers={**headers, "Authorization": allowed})
                return answer.status_code
        except httpx2.HTTPError as error:
            raise Unanswered(f"the registry {registry} doesn't answer: {error}") from error

    def _login(self, tag: str) -> Login | None:
        key = registry_key(tag)
        given = (login for login in self.logins if registry_key(login.server) == key)
        return next(given, None) or _own_login(key)


def _own_login(key: str) -> Login | None:
    """The login that the user has made (`docker login`), from Docker's settings or a credential helper."""
    try:
        config = docker.auth.load_config(str(docker_folder() / "config.json"))
        found = config.resolve_authconfig(key)
    except DockerException:
        return None
    # From a file the names are lower-case, from a helper not.
    named = {name.lower(): value for name, value in (found or {}).items()}
    return Login(key, named["username"], named["password"]) if named.get("username") else None


def _path(tag: str) -> str:
    registry = registry_of(tag)
    path = repository_of(tag).removeprefix(f"{registry}/")
    return f"library/{path}" if registry == "docker.io" and "/" not in path else path


def _authorization(client: httpx2.Client, challenge: str, login: Login | None, action: str) -> str | None:
    """What answers a registry's challenge: the login, or the token that it is exchanged for. None where it has neither.

    https://distribution.github.io/distribution/spec/auth/token/
    """
    basic = base64.b64encode(f"{login.username}:{login.password}".encode()).decode() if login else ""
    kind, _, rest = challenge.partition(" ")
    if kind.lower() != "bearer":
        return f"Basic {basic}" if basic else None
    asked = dict(_PARAMETER.findall(rest))
    scope = re.sub(r":[a-z,*]+$", f":{action}", asked.get("scope", ""))
    parameters = {"service": asked.get("service", ""), "scope": scope}
    headers = {"Authorization": f"Basic {basic}"} if basic else {}
    answer = client.get(asked.get("realm", ""), params=parameters, headers=headers)
    given = answer.json() if answer.status_code == 200 else {}
    token = given.get("token") or given.get("access_token")
    return f"Bearer {token}" if token else None
