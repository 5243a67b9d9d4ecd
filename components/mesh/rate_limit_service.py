"""The rate-limit service behind global limits: its rules, and how it runs. Pure.

https://github.com/envoyproxy/ratelimit#configuration
"""

from collections.abc import Iterator
from typing import Any, Final

from components import versions
from components.mesh.arguments import MeshArgs
from components.mesh.rate_limit_rules import ADDRESS, CALLER, LIMIT, Rule, edge_rules, workload_rules
from components.specs.container import Mount
from components.specs.mesh.traffic import LimitScope
from components.specs.pod import ConfigVolume
from components.specs.ports import Port
from components.specs.probes import Probe, Probes
from components.specs.resources import Resources
from components.specs.variables import SecretReference
from components.specs.workload import WorkloadSpec
from components.yaml_text import yaml_file

SERVICE: Final = "ratelimit"
"""The service's name: of its workload, its Service and its ConfigMap."""
PORT: Final = 8081
"""Where it answers gRPC."""
FOLDER: Final = "/etc/ratelimit"
FILE: Final = "limits.yaml"


def rate_limit_config(args: MeshArgs) -> dict[str, str]:
    """Return the ConfigMap's data: the limits of all workloads, as the service reads them.

    A changed limit rolls the service's Pods; what has been counted stays in Redis.
    """
    descriptors = [_descriptor(rule) for name in args.workloads for rule in _global_rules(args, name)]
    return {FILE: yaml_file({"domain": args.namespace, "descriptors": descriptors})}


def rate_limit_callers(args: MeshArgs) -> tuple[list[str], bool]:
    """Return who must reach the service: the workloads with global limits, and whether the edge's gateway must too.

    Routing, policies and scopes follow from calls: the service is one of theirs.
    """
    limited = [name for name in args.workloads if workload_rules(args, name, LimitScope.GLOBAL)]
    return limited, any(edge_rules(args, name, LimitScope.GLOBAL) for name in args.workloads)


def rate_limit_workload(*, store: str, host: str, port: int, replicas: int = 2) -> WorkloadSpec:
    """Return the Deployment of the rate-limit service, which counts in the Redis `store` at `host` and `port`.

    Its replicas share nothing but Redis. Pods are ready without Redis: the proxies let requests pass then, as they do
    where the service is away.
    """
    return WorkloadSpec(
        image=versions.RATE_LIMIT_IMAGE,
        ports={"grpc": Port(number=PORT), "http": Port(number=8080, exposed=False), "metrics": Port(number=9090)},
        env={
            "RUNTIME_ROOT": FOLDER,
            # A ConfigMap's folder holds a second view of its files in a hidden one.
            "RUNTIME_IGNOREDOTFILES": "true",
            "RUNTIME_WATCH_ROOT": "false",
            "REDIS_SOCKET_TYPE": "tcp",
            "REDIS_URL": f"{host}:{port}",
            "REDIS_AUTH": SecretReference(secret=store, key="password"),
            "USE_STATSD": "false",
            "USE_PROMETHEUS": "true",
            "PROMETHEUS_ADDR": ":9090",
            # It serves profiles, and whoever reaches it learns every limit.
            "DEBUG_HOST": "127.0.0.1",
            "LOG_FORMAT": "json",
        },
        volumes={"limits": ConfigVolume(config=SERVICE)},
        mounts={f"{FOLDER}/config": Mount(volume="limits", read_only=True)},
        probes=Probes(
            startup=Probe(http="/healthcheck", port="http", failures=30),
            readiness=Probe(http="/healthcheck", port="http"),
            liveness=Probe(tcp=True, port="grpc", failures=6),
        ),
        replicas=replicas,
        resources=Resources(cpu="50m", memory="128Mi"),
    )


def _global_rules(args: MeshArgs, name: str) -> Iterator[Rule]:
    yield from workload_rules(args, name, LimitScope.GLOBAL)
    yield from edge_rules(args, name, LimitScope.GLOBAL)


def _descriptor(rule: Rule) -> dict[str, Any]:
    limit = {"rate_limit": {"unit": rule.limit.per, "requests_per_unit": rule.limit.requests}}
    named = {"key": LIMIT, "value": rule.name}
    if rule.by is None:
        return {**named, **limit}
    if rule.by == CALLER:
        return {**named, "descriptors": [{"key": CALLER, "value": caller, **limit} for caller in rule.callers]}
    return {**named, "descriptors": [{"key": ADDRESS, **limit}]}  # without a value: each value by itself
