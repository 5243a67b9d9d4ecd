"""Exporters, which speak for stores and the broker: how they run. Pure.

Each is a workload of its own, so that a store outside the cluster is watched as one inside is.
"""

from collections.abc import Iterable
from typing import Any, Final

from components import versions
from components.hardening import HardenedDefault
from components.specs.container import Language
from components.specs.ports import METRICS, Port
from components.specs.probes import Probe, Probes
from components.specs.resources import Resources
from components.specs.variables import EnvironmentValue, SecretReference
from components.specs.workload import WorkloadSpec

POSTGRES: Final = "postgres"
REDIS: Final = "redis"
BROKER: Final = "nats"
PORTS: Final = {POSTGRES: 9187, REDIS: 9121, BROKER: 7777}
ONE_IS_ENOUGH: Final = "it holds nothing and is back soon; a second one would ask the same and tell it twice"


def store_exporter_workload(
    store: str, engine: str, host: str, port: int, database: str, *, outside: bool = False
) -> WorkloadSpec:
    """Return the Deployment of the exporter beside a store; it logs in with the Secret that is called like the store.

    A PostgreSQL outside the cluster is spoken to over TLS; inside, the mesh sees to it. Raises ValueError for an engine
    that has no exporter.
    """
    match engine:
        case "postgres":
            return _exporter(engine, args=_POSTGRES_ARGS, env=_postgres(store, f"{host}:{port}/{database}", outside))
        case "redis":
            password = SecretReference(secret=store, key="password")
            env: dict[str, EnvironmentValue] = {"REDIS_ADDR": f"redis://{host}:{port}", "REDIS_PASSWORD": password}
            # Its own Go runtime's metrics come only when asked for.
            return _exporter(engine, args=("--include-go-runtime-metrics", "--log-format=json"), env=env)
        case _:
            raise ValueError(f"{store}: there is no exporter for the engine {engine!r}")


_UNUSED_COLLECTORS: Final = (
    "locks",
    "replication",
    "replication_slot",
    "roles",
    "stat_bgwriter",
    "stat_user_tables",
    "statio_user_tables",
    "wal",
)
"""No rule and no dashboard asks for them, and those of tables grow with every table."""
_POSTGRES_ARGS: Final = (
    f"--web.listen-address=:{PORTS[POSTGRES]}",
    "--log.format=json",
    *(f"--no-collector.{name}" for name in _UNUSED_COLLECTORS),
)


def _postgres(store: str, address: str, outside: bool) -> dict[str, EnvironmentValue]:
    return {
        "DATA_SOURCE_URI": f"{address}?sslmode={'require' if outside else 'disable'}",
        "DATA_SOURCE_USER": SecretReference(secret=store, key="username"),
        "DATA_SOURCE_PASS": SecretReference(secret=store, key="password"),
    }


def broker_exporter_workload(servers: Iterable[str]) -> WorkloadSpec:
    """Return the Deployment of the exporter beside the broker, which asks each server's monitoring port.

    ``servers`` are host and port of each: ``nats-0.nats:8222``. The first label of the host is what its series call it.
    """
    named = (f"{server.partition('.')[0].partition(':')[0]},http://{server}" for server in servers)
    flags = (f"-port={PORTS[BROKER]}", "-varz", "-jsz=all")
    return _exporter(BROKER, args=(*flags, *named), env={})


def _exporter(engine: str, *, args: tuple[str, ...], env: dict[str, EnvironmentValue]) -> WorkloadSpec:
    settings: dict[str, Any] = {"tcp": True, "port": METRICS}
    return WorkloadSpec(
        language=Language.GO,
        image=versions.EXPORTER_IMAGES[engine],
        ports={METRICS: Port(number=PORTS[engine])},
        args=args,
        env=env,
        # Whether the store answers is what it tells, and no reason to restart it.
        probes=Probes(readiness=Probe(**settings), liveness=Probe(**settings, failures=6)),
        replicas=1,
        resources=Resources(cpu="25m", memory="64Mi"),
        exceptions={HardenedDefault.SINGLE_REPLICA: ONE_IS_ENOUGH},
    )
