"""How Jaeger runs: as one, or storing and finding apart where the storage lets them. Pure."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from components import versions
from components.hardening import HardenedDefault
from components.observability.arguments import ObservabilityArgs
from components.observability.collector.parts.processors import collection_goal
from components.observability.jaeger.config import FILE
from components.observability.jaeger.index_cleaner import index_cleaner_workload
from components.observability.jaeger.storage import (
    CASSANDRA_PASSWORD,
    SECRETS,
    VOLUME,
    has_jaeger,
    is_split,
    search_server,
    split_tracing,
    storage_login,
    stored_tracing,
)
from components.observability.names import (
    HEALTH_PATH,
    HEALTH_PORT,
    JAEGER,
    JAEGER_COLLECTOR,
    JAEGER_INDEX_CLEANER,
    OTLP_PORT,
    OWN_METRICS_PORT,
    SEARCH_PORT,
)
from components.specs.container import Language, Mount
from components.specs.observability.tracing import InBadger, InCassandra, InMemory, TraceStorage, Tracing
from components.specs.pod import ClaimedVolume, ConfigVolume, SecretVolume, Volume
from components.specs.ports import METRICS, Port
from components.specs.probes import Probe, Probes
from components.specs.variables import EnvironmentValue, SecretReference
from components.specs.workload import WorkloadKind, WorkloadSpec

CONFIG_FOLDER: Final = "/etc/jaeger/config"
OTLP: Final = "otlp"
SEARCH: Final = "search"
"""The port of the web page and the API."""

_HEALTH: Final = "health"
_START: Final = timedelta(minutes=10)
"""How long the start may take: Badger reads its logs again, and a storage outside may be slow to answer."""
_KEPT_IN_MEMORY: Final = "traces are in its memory, and two of it would each have half of them"
_KEPT_ON_A_VOLUME: Final = (
    "Badger opens its files for one process alone; while it moves, the Collectors' queues keep what is not stored yet"
)
_ONE_IS_ENOUGH: Final = (
    "one is enough here by the environment's own choice; while it moves, the Collectors' queues keep what is not "
    "stored yet"
)


def jaeger_builders(tracing: Tracing) -> Iterator[tuple[str, Callable[[ObservabilityArgs], WorkloadSpec]]]:
    """Yield the name of each of Jaeger's workloads, and what builds its spec; none where a vendor takes the traces."""
    if not has_jaeger(tracing):
        return
    yield JAEGER, jaeger_workload
    if is_split(tracing):
        yield JAEGER_COLLECTOR, jaeger_collector_workload
    if search_server(tracing.storage):
        yield JAEGER_INDEX_CLEANER, index_cleaner_workload


def traces_host(args: ObservabilityArgs) -> str | None:
    """Return the host that takes traces, by OTLP over gRPC; None where the platform has no Jaeger."""
    tracing = args.settings.tracing
    if tracing is None or not has_jaeger(tracing):
        return None
    return JAEGER_COLLECTOR if is_split(tracing) else JAEGER


def jaeger_workload(args: ObservabilityArgs) -> WorkloadSpec:
    """Return ``jaeger``: with the storage in it, or as the part that finds. Raises ValueError where there is none."""
    tracing = stored_tracing(args)
    ports = {SEARCH: Port(number=SEARCH_PORT, app_protocol="http")}
    if not is_split(tracing):
        ports |= {OTLP: Port(number=OTLP_PORT, app_protocol="grpc")}
    return _workload(JAEGER, tracing, ports)


def jaeger_collector_workload(args: ObservabilityArgs) -> WorkloadSpec:
    """Return ``jaeger-collector``, which stores alone. Raises ValueError where ``jaeger`` does."""
    tracing = split_tracing(args)
    return _workload(JAEGER_COLLECTOR, tracing, {OTLP: Port(number=OTLP_PORT, app_protocol="grpc")})


def _workload(name: str, tracing: Tracing, ports: dict[str, Port]) -> WorkloadSpec:
    volumes, mounts = _files(name, tracing)
    period = timedelta(seconds=10)
    return WorkloadSpec(
        kind=WorkloadKind.STATEFUL_SET if isinstance(tracing.storage, InBadger) else WorkloadKind.DEPLOYMENT,
        language=Language.GO,
        image=versions.JAEGER_IMAGE,
        args=(f"--config={CONFIG_FOLDER}/{FILE}",),
        env={**_memory(tracing, stores=OTLP in ports), **_password(tracing.storage)},
        ports={
            **ports,
            METRICS: Port(number=OWN_METRICS_PORT),
            _HEALTH: Port(number=HEALTH_PORT, exposed=False),
        },
        volumes=volumes,
        mounts=mounts,
        probes=Probes(
            startup=Probe(http=HEALTH_PATH, port=_HEALTH, period=period, failures=_START // period),
            readiness=Probe(http=HEALTH_PATH, port=_HEALTH),
            liveness=Probe(http=HEALTH_PATH, port=_HEALTH, failures=6),
        ),
        replicas=tracing.replicas,
        resources=tracing.resources,
        # Time to close the files of Badger.
        termination_grace=timedelta(minutes=1),
        exceptions=_alone(tracing),
    )


def _files(name: str, tracing: Tracing) -> tuple[dict[str, Volume], dict[str, Mount]]:
    storage = tracing.storage
    volumes: dict[str, Volume] = {"config": ConfigVolume(config=name)}
    mounts = {CONFIG_FOLDER: Mount(volume="config", read_only=True)}
    if isinstance(storage, InBadger):
        volumes["traces"] = ClaimedVolume(claim=storage.badger, storage_class=storage.storage_class)
        mounts[VOLUME] = Mount(volume="traces")
    login = storage_login(storage)
    if login and not isinstance(storage, InCassandra):
        # Jaeger itself notices a changed password.
        volumes["secrets"] = SecretVolume(
            secret=JAEGER, items={login.password: login.password}, mode="0440", on_change="reload"
        )
        mounts[SECRETS] = Mount(volume="secrets", read_only=True)
    return volumes, mounts


def _memory(tracing: Tracing, *, stores: bool) -> dict[str, EnvironmentValue]:
    """Return what Go's collector is told where a memory limiter refuses spans: that no garbage makes it refuse."""
    if isinstance(tracing.storage, InMemory) or not stores:
        return {}
    return {"GOMEMLIMIT": collection_goal(tracing.resources.memory_limit)}


def _password(storage: TraceStorage) -> dict[str, EnvironmentValue]:
    """Return the variable of Cassandra's password, which can't be a file."""
    login = storage_login(storage)
    if login is None or not isinstance(storage, InCassandra):
        return {}
    return {CASSANDRA_PASSWORD: SecretReference(secret=JAEGER, key=login.password)}


def _alone(tracing: Tracing) -> dict[HardenedDefault, str]:
    """Return why there is one replica, where there is."""
    if tracing.replicas > 1:
        return {}
    match tracing.storage:
        case InMemory():
            reason = _KEPT_IN_MEMORY
        case InBadger():
            reason = _KEPT_ON_A_VOLUME
        case _:
            reason = _ONE_IS_ENOUGH
    return {HardenedDefault.SINGLE_REPLICA: reason}
