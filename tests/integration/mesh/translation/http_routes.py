"""An HTTPRoute inside the mesh as the VirtualService that istiod makes of it.

After convertHTTPRoute in istiod's pilot/pkg/config/kube/gateway/conversion.go, whose retries are not quite the API's.
Left out: filters, and backends of several versions, of which these tests have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tests.integration.mesh.translation.fields import Config, known

ALWAYS_RETRIED: Final = ("connect-failure", "refused-stream", "unavailable", "cancelled")
"""What istiod retries wherever a rule speaks of retries; the API means the first two alone."""
DEFAULT_RETRIES: Final = {"attempts": 2, "retryOn": ",".join(ALWAYS_RETRIED)}
"""What istiod does where a rule says nothing (pilot/pkg/networking/core/route/retry)."""


def virtual_service(route: Mapping[str, Any], host: str) -> Config:
    """Build the VirtualService for the Service `host`."""
    spec = known(route["spec"], "parentRefs", "rules")
    (port,) = (parent["port"] for parent in spec["parentRefs"])
    single = [(match, rule) for rule in spec["rules"] for match in rule["matches"]]
    # sorted() keeps the order of equals, as the API asks for.
    http = [_route(match, rule, host, port) for match, rule in sorted(single, key=_precedence)]
    return {"spec": {"hosts": [host], "http": http}}


def _precedence(entry: tuple[Mapping[str, Any], Mapping[str, Any]]) -> tuple[bool, int, bool, int]:
    match, _ = entry
    path = match["path"]
    return path["type"] != "Exact", -len(path["value"]), "method" not in match, -len(match.get("headers", ()))


def _route(match: Mapping[str, Any], rule: Mapping[str, Any], host: str, port: int) -> Config:
    known(rule, "matches", "backendRefs", "timeouts", "retry")
    (backend,) = (known(one, "name", "port") for one in rule["backendRefs"])
    timeouts = known(rule["timeouts"], "request", "backendRequest")
    retries = _retries(rule["retry"]) if "retry" in rule else dict(DEFAULT_RETRIES)
    if "backendRequest" in timeouts:
        assert "retry" in rule, "without retries istiod takes it for the whole request"
        retries["perTryTimeout"] = timeouts["backendRequest"]
    return {
        "name": f"{match['path']['value']} {match.get('method', '*')}",
        "match": [_match(match, port)],
        "route": [{"destination": {"host": host, "port": {"number": backend["port"]}}}],
        "timeout": timeouts["request"],
        "retries": retries,
    }


def _match(match: Mapping[str, Any], port: int) -> Config:
    known(match, "path", "method")
    path = known(match["path"], "type", "value")
    assert path["type"] == "Exact" or path["value"] == "/", "other prefixes end at a slash, which Envoy must be told"
    found: Config = {"port": port, "uri": {"exact" if path["type"] == "Exact" else "prefix": path["value"]}}
    if "method" in match:
        found["method"] = {"exact": match["method"]}
    return found


def _retries(retry: Mapping[str, Any]) -> Config:
    known(retry, "attempts", "codes")
    if not retry["attempts"]:
        return {"attempts": 0}
    return {"attempts": retry["attempts"], "retryOn": ",".join([*ALWAYS_RETRIED, *map(str, retry.get("codes", ()))])}
