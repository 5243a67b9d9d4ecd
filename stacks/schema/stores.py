"""Stores and the broker: what services are told of them, and how they run beside the services."""

from datetime import timedelta
from typing import Any, Final

from components import versions
from components.hardening import HardenedDefault
from components.mesh.arguments import PLAIN_PORT
from components.specs.container import Mount
from components.specs.pod import ClaimedVolume, EmptyDirectory, ServiceSettings
from components.specs.ports import Port
from components.specs.probes import Probe, Probes
from components.specs.variables import EnvironmentValue, FieldReference, SecretReference
from components.specs.workload import WorkloadKind, WorkloadSpec
from stacks.schema.catalogue import ExternalHost, Store, StoreEngine
from stacks.schema.environment import BrokerInCluster, StoreInCluster, StoreOutside

BROKER: Final = "nats"
"""The broker's name: of its workload, its Service and its Secret."""
BROKER_PORTS: Final = {"nats": Port(number=4222), "monitor": Port(number=8222), "cluster": Port(number=6222)}
ENGINE_PORTS: Final = {StoreEngine.POSTGRES: 5432, StoreEngine.REDIS: 6379}
CREDENTIALS: Final = {StoreEngine.POSTGRES: ("username", "password"), StoreEngine.REDIS: ("password",)}
"""Keys of the Secret, called like the store, that holds its credentials."""
BROKER_CREDENTIALS: Final = ("username", "password")
ONE_INSTANCE: Final = "one instance holds the data; run the store outside the cluster where it must outlive a node"


def store_host(name: str, place: StoreInCluster | StoreOutside) -> str:
    """Return the host at which a store answers."""
    return place.host if isinstance(place, StoreOutside) else name


def store_port(store: Store, place: StoreInCluster | StoreOutside) -> int:
    """Return the port on which a store answers."""
    return (place.port if isinstance(place, StoreOutside) else None) or ENGINE_PORTS[store.engine]


def broker_port(place: BrokerInCluster | StoreOutside) -> int:
    """Return the port on which the broker answers."""
    return (place.port if isinstance(place, StoreOutside) else None) or BROKER_PORTS["nats"].number


def host_environment(prefix: str, host: str, port: int) -> dict[str, EnvironmentValue]:
    """Return the variables that lead to a host."""
    return {f"{prefix}_HOST": host, f"{prefix}_PORT": str(port), f"{prefix}_ADDR": f"{host}:{port}"}


def external_environment(prefix: str, external: ExternalHost, *, in_mesh: bool) -> dict[str, EnvironmentValue]:
    """Return the variables that lead to an external host; with a URL where a mesh adds TLS, as only some do."""
    if not external.originate_tls:
        return host_environment(prefix, external.host, external.port)
    scheme, port = ("http", PLAIN_PORT) if in_mesh else ("https", external.port)
    return {
        **host_environment(prefix, external.host, port),
        f"{prefix}_URL": f"{scheme}://{external.host}:{port}",
    }


def store_environment(
    prefix: str, name: str, store: Store, place: StoreInCluster | StoreOutside
) -> dict[str, EnvironmentValue]:
    """Return the variables that lead to a store; they have the same names wherever it runs."""
    found = host_environment(prefix, store_host(name, place), store_port(store, place))
    if store.engine is StoreEngine.POSTGRES:
        found[f"{prefix}_DATABASE"] = database(name)
    return found | {
        f"{prefix}_{key.upper()}": SecretReference(secret=name, key=key) for key in CREDENTIALS[store.engine]
    }


def broker_environment(place: BrokerInCluster | StoreOutside) -> dict[str, EnvironmentValue]:
    """Return the variables that lead to the broker."""
    host = place.host if isinstance(place, StoreOutside) else BROKER
    return {"NATS_URL": f"nats://{host}:{broker_port(place)}"} | {
        f"NATS_{key.upper()}": SecretReference(secret=BROKER, key=key) for key in BROKER_CREDENTIALS
    }


def database(name: str) -> str:
    """Return a store's database: its name, as SQL spells names without quotes."""
    return name.replace("-", "_")


def store_workload(name: str, store: Store, place: StoreInCluster) -> WorkloadSpec:
    """Return the StatefulSet of a store that runs beside the services."""
    match store.engine:
        case StoreEngine.POSTGRES:
            return _postgres(name, store, place)
        case StoreEngine.REDIS:
            return _redis(name, store, place)


def _pinned_image(store: Store) -> str:
    images = versions.STORE_IMAGES[store.engine]
    return images[store.version or max(images)]


def _postgres(name: str, store: Store, place: StoreInCluster) -> WorkloadSpec:
    ready = ("pg_isready", "--host=127.0.0.1", f"--dbname={database(name)}")
    return WorkloadSpec(
        kind=WorkloadKind.STATEFUL_SET,
        image=place.image or _pinned_image(store),
        ports={"postgres": Port(number=ENGINE_PORTS[StoreEngine.POSTGRES])},
        env={
            "POSTGRES_USER": SecretReference(secret=name, key="username"),
            "POSTGRES_PASSWORD": SecretReference(secret=name, key="password"),
            "POSTGRES_DB": database(name),
            "PGDATA": "/var/lib/postgresql/data/pgdata",
        },
        volumes={
            "data": ClaimedVolume(claim=place.storage, storage_class=place.storage_class),
            "run": EmptyDirectory(empty="16Mi", medium="memory"),
        },
        mounts={"/var/lib/postgresql/data": Mount(volume="data"), "/var/run/postgresql": Mount(volume="run")},
        probes=Probes(
            startup=Probe(exec=ready, period=timedelta(seconds=5), failures=60),
            readiness=Probe(exec=ready, timeout=timedelta(seconds=3)),
            liveness=Probe(tcp=True, failures=6),
        ),
        **_alone(place),
    )


def _redis(name: str, store: Store, place: StoreInCluster) -> WorkloadSpec:
    return WorkloadSpec(
        kind=WorkloadKind.STATEFUL_SET,
        image=place.image or _pinned_image(store),
        ports={"redis": Port(number=ENGINE_PORTS[StoreEngine.REDIS])},
        args=("redis-server", "--dir", "/data", "--appendonly", "yes", "--requirepass", "$(REDIS_PASSWORD)"),
        # redis-cli reads its password from REDISCLI_AUTH; with -e it fails where the server answers with an error.
        env={key: SecretReference(secret=name, key="password") for key in ("REDIS_PASSWORD", "REDISCLI_AUTH")},
        volumes={"data": ClaimedVolume(claim=place.storage, storage_class=place.storage_class)},
        mounts={"/data": Mount(volume="data")},
        probes=Probes(
            readiness=Probe(exec=("redis-cli", "-e", "ping"), timeout=timedelta(seconds=3)), liveness=Probe(tcp=True)
        ),
        **_alone(place),
    )


def broker_workload(place: BrokerInCluster) -> WorkloadSpec:
    """Return the StatefulSet of NATS with JetStream; several servers form one cluster.

    Ports, probes and flags: https://docs.nats.io/running-a-nats-service/introduction/flags.
    """
    clustered = place.replicas > 1
    routes = ",".join(
        f"nats://{BROKER}-{index}.{BROKER}:{BROKER_PORTS['cluster'].number}" for index in range(place.replicas)
    )
    cluster_args = (
        ("--cluster_name", BROKER, "--cluster", "nats://0.0.0.0:6222", "--routes", routes) if clustered else ()
    )
    return WorkloadSpec(
        kind=WorkloadKind.STATEFUL_SET,
        image=place.image or versions.NATS_IMAGE,
        ports={name: port for name, port in BROKER_PORTS.items() if clustered or name != "cluster"},
        args=(
            *("--name", "$(POD_NAME)", "--jetstream", "--store_dir", "/data", "--http_port", "8222"),
            *("--user", "$(NATS_USERNAME)", "--pass", "$(NATS_PASSWORD)"),
            *cluster_args,
        ),
        env={
            "POD_NAME": FieldReference(field="metadata.name"),
            **{f"NATS_{key.upper()}": SecretReference(secret=BROKER, key=key) for key in BROKER_CREDENTIALS},
        },
        volumes={"data": ClaimedVolume(claim=place.storage, storage_class=place.storage_class)},
        mounts={"/data": Mount(volume="data")},
        probes=Probes(
            startup=Probe(http="/healthz?js-server-only=true", port="monitor", failures=30),
            readiness=Probe(http="/healthz?js-server-only=true", port="monitor"),
            liveness=Probe(http="/healthz?js-enabled-only=true", port="monitor", failures=6),
        ),
        replicas=place.replicas,
        service=ServiceSettings(headless=True),
        resources=place.resources,
        termination_grace=timedelta(seconds=60),
        exceptions={} if clustered else {HardenedDefault.SINGLE_REPLICA: ONE_INSTANCE},
    )


def _alone(place: StoreInCluster) -> dict[str, Any]:
    """What a store of one instance has in common with any other."""
    return {
        "replicas": 1,
        "service": ServiceSettings(headless=True),
        "resources": place.resources,
        "termination_grace": timedelta(seconds=60),
        "exceptions": {HardenedDefault.SINGLE_REPLICA: ONE_INSTANCE},
    }
