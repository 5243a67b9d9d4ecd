"""Checks of what each service asks of the mesh: versions, copies, faults, limits, deadlines."""

from collections.abc import Iterator, Mapping
from typing import Final

from components.hardening import HardenedDefault
from components.mesh.arguments import MeshArgs, MeshedWorkload
from components.mesh.rate_limit_findings import rate_limit_findings
from components.mesh.unsupported import unsupported
from components.quantities import duration_text
from components.specs.mesh.settings import DataPlane
from components.specs.workload import WorkloadSpec
from stacks.document import Problem
from stacks.schema.catalogue import Catalogue
from stacks.schema.dependencies import called_port
from stacks.schema.environment import Environment, Tier
from stacks.schema.origins import Origins


def service_problems(
    catalogue: Catalogue,
    environment: Environment,
    specs: Mapping[str, WorkloadSpec],
    args: MeshArgs,
    origins: Origins,
) -> Iterator[Problem]:
    """Yield what the mesh can't do for a service, or what would mean nothing or harm."""
    for name in catalogue.services:
        workload = args.workloads[name]
        yield from _versions(workload, origins)
        if environment.tier is Tier.PRODUCTION:
            yield from _fault(workload, specs[name], origins)
        yield from _edge(workload, origins)
        yield from _headless(workload, args, origins)
        for finding in unsupported(args.settings, workload):
            yield origins.told(name, finding)
        for location, error in rate_limit_findings(args.settings, workload):
            yield origins.told(name, (("rate-limits", *location), error))
    yield from _deadlines(catalogue, args, origins)


def _versions(workload: MeshedWorkload, origins: Origins) -> Iterator[Problem]:
    versions = workload.versions
    for track, version in versions.items():
        if version.match and len(versions) == 1:
            yield origins.problem(
                workload.name,
                ("versions", track, "match"),
                "chooses between versions, and there is only one",
                "every request goes to this one, whatever it holds",
                "add the other version, or drop the match",
            )
    if workload.mirror and len(versions) < 2:
        yield origins.problem(
            workload.name,
            ("mirror", "version"),
            f"is a version, and {workload.name} has only one",
            _NO_COPIES,
            "add versions: stable, and the one to try out",
        )
    elif workload.mirror and workload.mirror.version not in versions:
        yield origins.problem(
            workload.name,
            ("mirror", "version"),
            f"is no version of {workload.name}",
            _NO_COPIES,
            f"name one of {', '.join(versions)}",
        )


_NO_COPIES: Final = "the copies would go to nobody"


def _fault(workload: MeshedWorkload, spec: WorkloadSpec, origins: Origins) -> Iterator[Problem]:
    if workload.fault and HardenedDefault.FAULT_INJECTION not in spec.exceptions:
        yield origins.problem(
            workload.name,
            ("fault",),
            "is injected in production, without a reason",
            "customers' requests would fail on purpose, and no reviewer would see it",
            f"add 'exceptions: {{{HardenedDefault.FAULT_INJECTION.value}: REASON}}', or drop it",
        )


def _edge(workload: MeshedWorkload, origins: Origins) -> Iterator[Problem]:
    routed = [name for name, port in workload.ports.items() if port.is_routed]
    if workload.edge and routed and workload.edge.port not in routed:
        yield origins.problem(
            workload.name,
            ("edge", "port"),
            f"is {workload.edge.port}, which is not known to speak HTTP or gRPC",
            "the gateway could not tell one request from another",
            f"name one of {', '.join(routed)}, or say the port's app-protocol",
        )


def _headless(workload: MeshedWorkload, args: MeshArgs, origins: Origins) -> Iterator[Problem]:
    if workload.is_headless and args.settings.data_plane is DataPlane.AMBIENT:
        limited = sorted({caller.service_account for caller in workload.callers if caller.methods})
        if limited:
            yield origins.problem(
                workload.name,
                ("service", "headless"),
                f"leads callers past the waypoint, and {', '.join(limited)} may call single methods only",
                "nothing on the way reads methods, so all these calls would be refused",
                "drop 'headless', or let them call every method",
            )
    if workload.is_headless and args.settings.data_plane is DataPlane.SIDECAR:
        for name in sorted({caller.port for caller in workload.callers}):
            port = workload.ports[name]
            # A sidecar knows a headless Service by its own number alone: https://github.com/istio/istio/issues/51908.
            if port.service_port != port.number:
                yield origins.problem(
                    workload.name,
                    ("ports", name, "service-port"),
                    f"is {port.service_port}, and the service is headless: its callers go to port {port.number} of its "
                    "Pods",
                    "their sidecars know this Service by its own number only, and would refuse all these calls",
                    "drop 'service-port', or drop 'headless'",
                )


def _deadlines(catalogue: Catalogue, args: MeshArgs, origins: Origins) -> Iterator[Problem]:
    """Yield each deadline that outlives a caller's own: work would go on whose answer nobody waits for.

    Of the two settings the one that somebody has written down is at fault, and each is told once.
    """
    blamed: dict[tuple[str, str], list[str]] = {}
    for caller, callee in _routed_calls(catalogue, args):
        own, other = args.workloads[caller].resilience, args.workloads[callee].resilience
        if other.timeout > own.timeout and any(port.is_routed for port in args.workloads[caller].ports.values()):
            if "timeout" in other.model_fields_set:
                blamed.setdefault((callee, "callers wait less"), []).append(f"{caller} {duration_text(own.timeout)}")
            else:
                of_other = f"{callee} {duration_text(other.timeout)}"
                blamed.setdefault((caller, "what it calls may take longer"), []).append(of_other)
    for (name, why), others in blamed.items():
        yield origins.problem(
            name,
            ("resilience", "timeout"),
            f"is {duration_text(args.workloads[name].resilience.timeout)}, and {why}: {', '.join(others)}",
            "a service would go on working for a caller that has given up",
            "let each timeout be at least as long as those of what is called",
        )


def _routed_calls(catalogue: Catalogue, args: MeshArgs) -> Iterator[tuple[str, str]]:
    for caller, service in catalogue.services.items():
        for callee, call in service.calls.items():
            found = called_port(catalogue.services[callee], call)
            if found and found[0] in args.workloads[callee].ports and args.workloads[callee].ports[found[0]].is_routed:
                yield caller, callee
