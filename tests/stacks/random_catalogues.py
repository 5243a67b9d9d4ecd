"""Catalogues that nobody would think of: random services, and random ways in which they depend on each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from stacks.document import Document
from stacks.loader import resolve_documents
from stacks.schema.environment_checks import ROOT
from stacks.schema.platform import Platform

PROPERTY = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
"""How a property of drawn catalogues is tested: the same catalogues on each run, however busy the machine is."""
STORES = {"ledger": {"engine": "postgres"}, "cache": {"engine": "redis"}, "archive": {"engine": "postgres"}}
STREAMS = {"ORDERS": {"subjects": ["order.*"]}, "AUDIT": {"subjects": ["audit.>"]}}
EXTERNAL = {"payments": {"host": "payments.example.com", "port": 8443, "cidrs": ["198.51.100.0/24"]}}
ENVIRONMENT: dict[str, Any] = {
    "tier": "development",
    "cluster": {"context": "test"},
    "namespace": "shop",
    "edge-namespace": "edge",
    "replicas": 1,
    "quota": {"cpu": 100, "memory": "200Gi", "pods": 200},
    "secrets-from": "cluster",
    "stores": {
        "ledger": {"storage": "1Gi"},
        "cache": {"storage": "1Gi"},
        "archive": {"host": "archive.example.com", "cidrs": ["203.0.113.0/24"]},
    },
    "broker": {"storage": "1Gi"},
}
PORTS: dict[str, list[Any]] = {
    "http": [8080, {"number": 8080, "service-port": 80}],
    "grpc": [50051, {"number": 9000, "service-port": 50051}],
    "admin": [9901, {"number": 9901, "exposed": False}],
    "dns": [{"number": 5353, "protocol": "UDP", "service-port": 53}],
}
NAMES = ("gateway", "users", "orders", "rules", "mail", "search")


@st.composite
def ports(draw: st.DrawFn, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: draw(st.sampled_from(PORTS[name])) for name in draw(st.sets(st.sampled_from(names)))}


@st.composite
def services(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Draw services. Each calls only those before it, so that there is an order in which they can start."""
    found: dict[str, dict[str, Any]] = {}
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1)):
        service: dict[str, Any] = {
            "image": "example.com/x:1",
            "exceptions": {"probes": "probes are another test's"},
            "ports": draw(ports(("http", "grpc"))),
            "uses": draw(st.lists(st.sampled_from([*STORES, *EXTERNAL]), unique=True)),
            "publishes": draw(st.lists(st.sampled_from(["ORDERS/order.created", "AUDIT/audit.a.b"]), unique=True)),
            "consumes": {key: {} for key in draw(st.lists(st.sampled_from(["ORDERS/order.*", "AUDIT/audit.>"])))},
            "sidecars": {"proxy": {"image": "example.com/y:1", "ports": draw(ports(("admin", "dns")))}},
            "calls": {},
        }
        if draw(st.booleans()):
            service["service"] = {"name": f"{name}-svc"}
        for callee, other in found.items():
            exposed = exposed_ports(other)
            if exposed and draw(st.booleans()):
                call = {"optional": draw(st.booleans()), "port": draw(st.sampled_from([None, *exposed]))}
                service["calls"][callee] = {key: value for key, value in call.items() if value is not None}
        found[name] = service
    return found


def exposed_ports(service: dict[str, Any]) -> dict[str, tuple[int, str]]:
    """Return number and protocol of each port of a service that others may call."""
    every = service["ports"] | service["sidecars"]["proxy"]["ports"]
    long = {name: {"number": port} if isinstance(port, int) else port for name, port in every.items()}
    return {
        name: (port["number"], port.get("protocol", "TCP")) for name, port in long.items() if port.get("exposed", True)
    }


def declared(drawn: dict[str, dict[str, Any]]) -> set[tuple[str, str, int, str]]:
    """Return the connections that the services ask for: source, target, port, protocol."""
    found: set[tuple[str, str, int, str]] = set()
    for name, service in drawn.items():
        for callee, call in service["calls"].items():
            exposed = exposed_ports(drawn[callee])
            port = call.get("port") or next(port for port in ("grpc", "http", *exposed) if port in exposed)
            found.add((name, callee, *exposed[port]))
        for store, number in (("ledger", 5432), ("cache", 6379)):
            if store in service["uses"]:
                found.add((name, store, number, "TCP"))
        if service["publishes"] or service["consumes"]:
            found.add((name, "nats", 4222, "TCP"))
    return found


def platform(drawn: dict[str, Any], **environment: Any) -> Platform:
    """Resolve drawn services, beside all stores and streams."""
    catalogue = {
        "platform": "shop",
        "team-defaults": {"team": "shop"},
        "services": drawn,
        "stores": STORES,
        "streams": STREAMS,
        "external": EXTERNAL,
    }
    here = Path("none")
    root = {ROOT[0]: {ROOT[1]: ENVIRONMENT | environment}}
    return resolve_documents(Document(here, "catalogue.yaml", catalogue), Document(here, "Pulumi.test.yaml", root))
