"""A shop that uses all that the mesh offers, for tests that want every kind of object."""

from __future__ import annotations

import dataclasses
from typing import Any

from components.mesh.arguments import (
    Caller,
    EdgeRoute,
    ExternalService,
    MeshArgs,
    MeshedWorkload,
    MeshPort,
    ReleaseVersion,
)
from components.specs.mesh.edge import EdgePolicy, JwtIssuer
from components.specs.mesh.resilience import Resilience
from components.specs.mesh.settings import Mesh
from components.specs.mesh.traffic import Fault, Match, Mirror, RateLimit

NAMESPACE, EDGE = "shop", "shop-edge"
ROLES = {
    "guest": ("GET /api/public", "GET /api/products/**"),
    "user": ("GET, POST /api/user/**",),
    "admin": ("* /api/admin/**",),
}
KEYS = '{"keys":[]}'


def settings(**changes: Any) -> Mesh:
    """The mesh's settings: sidecars and Istio's own routing API, where nothing else is asked for."""
    plain = {
        "data-plane": "sidecar",
        "routing-api": "istio",
        "permissive-ports": {"users": {"metrics": "the metrics of old agents outside the mesh"}},
        "edge": {"domain": "example.com", "tls": {"issuer": "letsencrypt"}},
        "locality": {"failover": [{"from": "eu-west", "to": "eu-central"}]},
        "telemetry": {"sampling": "5%"},
        "rate-limit-store": "cache",
    }
    return Mesh.model_validate(plain | changes)


def gateway(*limits: RateLimit, **changes: Any) -> MeshedWorkload:
    """The service at the edge."""
    policy = EdgePolicy.model_validate({"auth": "shop", "cors": {"origins": ["https://www.example.com"]}})
    workload = MeshedWorkload(
        name="gateway",
        service_account="gateway",
        team="shop",
        service="gateway",
        ports={"http": MeshPort(number=8080, service_port=80, protocol="http")},
        calls=("users", "orders"),
        external=("payments",),
        rate_limits=limits,
        edge=EdgeRoute(host="shop.example.com", paths=("/api",), port="http", policy=policy),
    )
    return dataclasses.replace(workload, **changes)


def orders(*limits: RateLimit, **changes: Any) -> MeshedWorkload:
    """A gRPC service in two versions."""
    workload = MeshedWorkload(
        name="orders",
        service_account="orders",
        service="orders",
        ports={"grpc": MeshPort(number=50051, service_port=50051, protocol="grpc")},
        contract="shop.orders.v1.OrderService",
        callers=(Caller(service_account="gateway", namespace=NAMESPACE, port="grpc", methods=("GetOrder",)),),
        calls=("users",),
        resilience=Resilience.model_validate({"retries": {"idempotent": ["GetOrder"]}}),
        versions={
            "stable": ReleaseVersion(weight=90.0),
            "canary": ReleaseVersion(weight=10.0, match=Match(headers={"x-beta": "yes"}, baggage={"flag": "new"})),
        },
        rate_limits=limits,
    )
    return dataclasses.replace(workload, **changes)


def users(*limits: RateLimit, **changes: Any) -> MeshedWorkload:
    """A gRPC service with two callers, which is reached in plain text too on its port for metrics."""
    workload = MeshedWorkload(
        name="users",
        service_account="users",
        service="users",
        ports={
            "grpc": MeshPort(number=50051, service_port=50051, protocol="grpc"),
            "metrics": MeshPort(number=8081, service_port=8081, protocol="http"),
        },
        contract="shop.users.v1.UserService",
        callers=tuple(
            Caller(service_account=name, namespace=NAMESPACE, port="grpc", methods=("GetUser",))
            for name in ("orders", "gateway")
        ),
        resilience=Resilience.model_validate({"load-balancing": {"header": "x-user"}}),
        rate_limits=limits,
        permissive_ports={"metrics": "the metrics of old agents outside the mesh"},
    )
    return dataclasses.replace(workload, **changes)


def shop(*workloads: MeshedWorkload, mesh: Mesh | None = None) -> MeshArgs:
    """The mesh of the given workloads."""
    return MeshArgs(
        settings=mesh or settings(),
        namespace=NAMESPACE,
        edge_namespace=EDGE,
        part_of="shop",
        workloads={workload.name: workload for workload in workloads},
        external={"payments": ExternalService(name="payments", host="pay.example.net", port=443, originate_tls=True)},
        issuers={"shop": JwtIssuer(issuer="https://id.example.com", audiences=("shop",), jwks=KEYS)},
        roles=ROLES,
    )


def whole_shop(mesh: Mesh | None = None) -> MeshArgs:
    """All of them, with a worker, a fault, a mirror, and rate limits of every kind where the data plane has them."""
    mesh = mesh or settings()
    sidecar = mesh.data_plane.value == "sidecar"
    limits = [
        RateLimit.model_validate({"requests": 100, "per": "minute", "by": by, "path": path, "scope": scope})
        for by in ("service", "caller")
        for path in (None, "/api/user")
        for scope in ("local", "global")
    ]
    chosen = limits if sidecar else []
    more: dict[str, Any] = {}
    if sidecar and mesh.routing_api.value == "istio":
        more = {
            "mirror": Mirror.model_validate({"version": "canary", "share": "25%"}),
            "fault": Fault.model_validate({"delay": {"duration": "2s", "share": "1%"}}),
        }
    worker = MeshedWorkload(name="fulfilment", service_account="fulfilment", calls=("orders",))
    return shop(gateway(*chosen), orders(*chosen, **more), users(*chosen), worker, mesh=mesh)
