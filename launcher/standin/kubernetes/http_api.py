"""The Kubernetes API over HTTP: addresses, requests, and answers in the API server's own words."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx2
from lightkube.config.client_adapter import Client, ConnectionParams
from lightkube.config.kubeconfig import SingleConfig
from lightkube.core.exceptions import ConfigError

from launcher.standin.kubernetes.kinds import Kind
from launcher.standin.kubernetes.target import Manifest, Refused

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
"""The API server itself gives up on a request after a minute."""

_WARNING = re.compile(r'299 \S+ "(?P<text>.*)"')
_BY_HAND_PREFIX, _BY_HAND = "kubectl", ("before-first-apply", "pulumi-kubernetes")


class Unreachable(Refused):
    """No API server answered."""


class Rejected(Exception):
    """The API server said no."""

    def __init__(self, code: int, status: dict[str, Any]) -> None:
        self.code = code
        details = status.get("details") or {}
        self.causes: list[dict[str, Any]] = details.get("causes") or []
        super().__init__(status.get("message") or f"HTTP status {code}")


class NotServed(Exception):
    """The API server has no such kind (yet)."""


@dataclass
class HttpApi:
    """One cluster's API, as one user. Threads may share it."""

    config: SingleConfig
    _client: httpx2.Client = field(init=False, repr=False)
    _places: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict, init=False, repr=False)
    """Of each custom kind met so far: its plural, and whether it is namespaced."""

    def __post_init__(self) -> None:
        try:
            self._client = Client(
                self.config,
                ConnectionParams(
                    timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS, pool=None),
                    # Like Go's programs, never ask a proxy for what is on this machine.
                    trust_env=not _on_this_machine(self.config.cluster.server),
                ),
            )
        except (ConfigError, OSError, ValueError) as error:
            raise Unreachable(
                f"Context {self.config.context_name} can't be used: {error}. Nothing was changed; "
                "correct the certificates or the login in the kubeconfig."
            ) from error

    def close(self) -> None:
        """Closes every connection."""
        self._client.close()

    def path(self, kind: Kind, namespace: str | None, name: str) -> str:
        """An object's address. Asks the API server about a custom kind that it doesn't know yet. Raises NotServed."""
        plural, namespaced = (kind.plural, kind.namespaced) if kind.plural else self._discovered(kind)
        root = "apis" if "/" in kind.api_version else "api"
        middle = f"namespaces/{namespace}/" if namespaced else ""
        if namespaced and not namespace:
            raise Refused(
                f"{kind.name} {name} is namespaced, but has no metadata.namespace. Nothing was changed; add it."
            )
        return f"{root}/{kind.api_version}/{middle}{plural}/{name}"

    def _discovered(self, kind: Kind) -> tuple[str, bool]:
        key = (kind.api_version, kind.name)
        if key not in self._places:
            try:
                served = self.request("GET", f"apis/{kind.api_version}")["resources"]
            except Rejected as rejection:
                if rejection.code != httpx2.codes.NOT_FOUND:
                    raise
                served = []
            for resource in served:
                if "/" not in resource["name"]:
                    self._places[kind.api_version, resource["kind"]] = (resource["name"], resource["namespaced"])
        if key not in self._places:
            raise NotServed(f"the API server serves no {kind.name} in {kind.api_version}")
        return self._places[key]

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Manifest | None = None,
        parameters: dict[str, str] | None = None,
        content_type: str = "application/json",
        warn: Callable[[str], None] | None = None,
    ) -> dict[str, Any]:
        """Sends a request and gives the answer's body. Raises Rejected, or Unreachable if nobody answers.

        `warn` gets what the API server warns of: a deprecated version, a Pod that the namespace's standard won't admit.
        """
        try:
            answer = self._client.request(
                method, path, params=parameters, json=body, headers={"Content-Type": content_type}
            )
        except (httpx2.HTTPError, ConfigError, OSError) as error:
            raise Unreachable(self._unreachable(error)) from error
        document = _body(answer)
        if answer.is_success:
            if warn:
                for text in _warnings(answer):
                    warn(text)
            return document
        raise Rejected(answer.status_code, document)

    def _unreachable(self, error: Exception) -> str:
        why = str(error) or type(error).__name__
        return (
            f"The cluster of context {self.config.context_name} doesn't answer at {self.config.cluster.server}: {why}. "
            "Nothing more was changed. Start the cluster, or correct the context or its kubeconfig, and try again."
        )


def _warnings(answer: httpx2.Response) -> list[str]:
    """The texts of the answer's Warning headers: `299 - "text"` each (RFC 7234)."""
    found = [_WARNING.fullmatch(header) for header in answer.headers.get_list("warning")]
    return [match["text"].replace('\\"', '"') for match in found if match]


def _body(answer: httpx2.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {"message": answer.text.strip()[:500]}


def _on_this_machine(server: str) -> bool:
    host = urlsplit(server).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def hand_edited(conflict: Rejected) -> list[str] | None:
    """The fields of a conflict, if all of them were last set by hand: with kubectl, or by the provider's older ways.

    The official provider takes such fields back. None if any other manager owns one: then only a person can decide.
    """
    fields = []
    for cause in conflict.causes:
        manager = cause.get("message", "").partition('"')[2].partition('"')[0]
        by_hand = manager.startswith(_BY_HAND_PREFIX) or manager in _BY_HAND
        if cause.get("reason") != "FieldManagerConflict" or not by_hand:
            return None
        fields.append(f"{cause.get('field', '')} (from {manager})")
    return fields or None
