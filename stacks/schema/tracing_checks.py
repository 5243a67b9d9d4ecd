"""Checks of traces and logs: Jaeger's page is not open to everybody, nothing is lost with a Pod, names are free."""

from collections.abc import Iterator
from typing import Final

from components.mesh.roles import RoleAccess, role_access, role_rules
from components.observability.arguments import ObservabilityArgs
from components.observability.collector.instrumentation import JAVA_AGENT
from components.observability.jaeger.storage import is_split
from components.observability.names import HEALTH_PORT, OTEL_SIDECAR, OTLP_HTTP_PORT, OTLP_PORT
from components.specs.mesh.edge import GUEST
from components.specs.observability.instrumentation import SpanTarget
from components.specs.observability.logs import LogAgent, Logs
from components.specs.observability.tracing import InMemory, TraceSearch, Tracing
from stacks.document import Document, Problem
from stacks.schema.catalogue import Catalogue, Service
from stacks.schema.environment import ROOT, Environment, Tier
from stacks.schema.node_agents import PROGRAMS, node_agent_spec
from stacks.schema.origins import Origins
from stacks.schema.production_floor import production_floor
from stacks.schema.suggestions import suggestion

_OBSERVABILITY: Final = (*ROOT, "observability")
TRACING: Final = (*_OBSERVABILITY, "tracing")
LOGS: Final = (*_OBSERVABILITY, "logs")
_PAGE: Final = RoleAccess("", frozenset({"GET"}), role_access("", "GET /api/services").path)
"""What Jaeger's page asks first."""
_SIDECAR_PORTS: Final = (OTLP_PORT, OTLP_HTTP_PORT, HEALTH_PORT)


def tracing_problems(
    catalogue: Catalogue, environment: Environment, args: ObservabilityArgs, origins: Origins
) -> Iterator[Problem]:
    """Yield what would lose traces or logs, show them to everybody, or replace something else."""
    document, tracing, logs = origins.environment_document, args.settings.tracing, args.settings.logs
    if tracing is not None:
        for name, service in catalogue.services.items():
            yield from _added_names(name, service, origins.catalogue_document)
        yield from _sampling(tracing, environment, document)
        if tracing.search is not None:
            yield from _search(tracing.search, catalogue, environment, document)
        if environment.tier is Tier.PRODUCTION:
            yield from _production(tracing, document)
    if logs is not None:
        yield from _namespace(logs, environment, document)
        yield from _node_metrics(logs, document)
        if environment.tier is Tier.PRODUCTION:
            yield from _agents(args, environment, document)


def _added_names(name: str, service: Service, document: Document) -> Iterator[Problem]:
    """Yield what instrumentation would replace in a service's Pod."""
    asked = service.instrumentation
    added = ([JAVA_AGENT] if asked.java_agent else []) + (
        [OTEL_SIDECAR, f"{OTEL_SIDECAR}-queue"] if asked.collector is SpanTarget.SIDECAR else []
    )
    for section in ("init", "sidecars", "containers", "volumes"):
        for own in getattr(service, section):
            if own in added:
                yield document.problem(
                    ("services", name, section, own),
                    "has the name of what instrumentation adds to the Pod",
                    consequence="one of the two would replace the other",
                    fix="rename it",
                )
    if asked.collector is SpanTarget.SIDECAR:
        for place, part in service.places():
            for port_name, port in part.ports.items():
                if port.number in _SIDECAR_PORTS:
                    yield document.problem(
                        ("services", name, *place, "ports", port_name),
                        f"is {port.number}, where the Collector beside the service listens",
                        consequence="one of the two could not start",
                        fix="choose another port, or drop instrumentation.collector",
                    )


def _sampling(tracing: Tracing, environment: Environment, document: Document) -> Iterator[Problem]:
    """The edge's gateway begins traces, and everybody behind it does as it has chosen."""
    mesh, head = environment.mesh, tracing.sampling.head
    if mesh is not None and mesh.telemetry.sampling != head:
        yield document.problem(
            (*ROOT, "mesh", "telemetry", "sampling"),
            f"is {mesh.telemetry.sampling:g}%, and observability.tracing.sampling.head is {head:g}%",
            consequence="proxies begin most traces and choose for all behind them: the other share would hold nowhere",
            fix="make the two alike; with tail sampling both are 100%",
        )


def _search(
    search: TraceSearch, catalogue: Catalogue, environment: Environment, document: Document
) -> Iterator[Problem]:
    where = (*TRACING, "search")
    if environment.mesh is None:
        yield document.problem(
            where,
            "needs a mesh, and there is none",
            consequence="no gateway would lead to the page, and none would ask who comes",
            fix="drop it, and use 'kubectl port-forward service/jaeger 16686' or Grafana; or add 'mesh'",
        )
        return
    if any(service.edge and service.edge.host == search.host for service in catalogue.services.values()):
        yield document.problem(
            (*where, "host"),
            "is the host of a service's edge",
            consequence="requests would reach one of the two by chance",
            fix="choose another one, e.g. jaeger",
        )
    if search.auth not in catalogue.authentication:
        yield document.problem(
            (*where, "auth"),
            "is no issuer of the catalogue",
            consequence="no token could be verified",
            fix=f"add authentication.{search.auth} to the catalogue, or correct the name: "
            + suggestion(search.auth, list(catalogue.authentication)),
        )
    yield from _readers(catalogue, document)


def _readers(catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    readers = {access.role for access in role_rules(catalogue.roles) if access.covers(_PAGE)}
    if GUEST in readers:
        yield document.problem(
            (*TRACING, "search"),
            "is open to guests by the catalogue's role table",
            consequence="everybody could read the traces of every request, as Jaeger asks nobody",
            fix="narrow the rules of roles.guest to the paths of services",
        )
    elif not readers:
        yield document.problem(
            (*TRACING, "search"),
            "is open to no role of the catalogue's role table",
            consequence="every request for Jaeger's page would be refused",
            fix="add a role for those who may read traces, e.g. developer: [GET /**]",
        )


def _production(tracing: Tracing, document: Document) -> Iterator[Problem]:
    if isinstance(tracing.storage, InMemory):
        yield document.problem(
            (*TRACING, "storage"),
            "is memory, in production",
            consequence="the traces of an outage would be gone with the restart that ends it",
            fix="store traces in badger, elasticsearch, opensearch or cassandra, or send them to a vendor: otlp",
        )
    lost = {
        "replicas": (
            is_split(tracing) and tracing.replicas == 1,
            "nobody could store or find a trace while it restarts",
        ),
        "collector.replicas": (
            tracing.collector.replicas == 1,
            "each restart of the one Collector would be a gap in all traces",
        ),
    }
    for field, (is_below, consequence) in lost.items():
        if is_below:
            yield document.problem(
                (*TRACING, *field.split(".")),
                "is 1, below production's floor of 2",
                consequence=consequence,
                fix="raise it to 2 or more",
            )


def _namespace(logs: Logs, environment: Environment, document: Document) -> Iterator[Problem]:
    taken = {environment.mesh.system_namespace: "the mesh's control plane"} if environment.mesh else dict[str, str]()
    taken |= {
        "default": "whatever names no namespace",
        "kube-system": "the cluster itself",
        environment.edge_namespace: "the edge's gateway",
        environment.namespace: "the platform",
    }
    if logs.namespace in taken:
        yield document.problem(
            (*LOGS, "namespace"),
            f"is that of {taken[logs.namespace]}",
            consequence="every Pod there could be given the files of its node, as the agents are",
            fix=f"give the agents a namespace of their own, e.g. {environment.namespace}-nodes",
        )


def _node_metrics(logs: Logs, document: Document) -> Iterator[Problem]:
    if logs.agent is LogAgent.FLUENT_BIT and logs.node_metrics and "node_metrics" in logs.model_fields_set:
        yield document.problem(
            (*LOGS, "node-metrics"),
            "is asked of Fluent Bit, which here reads logs alone",
            consequence="nobody would measure the nodes",
            fix="drop it, or use agent: collector",
        )


def _agents(args: ObservabilityArgs, environment: Environment, document: Document) -> Iterator[Problem]:
    found = node_agent_spec(args)
    if found is not None:
        name, spec = found
        yield from production_floor(name, spec, document, environment, is_built=False, program=PROGRAMS[name])
