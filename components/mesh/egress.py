"""What workloads may reach: their proxies know their calls and their external hosts, and nothing else.

A proxy that knows no others is also small (https://istio.io/latest/docs/ops/best-practices/traffic-management/).
REGISTRY_ONLY finds undeclared calls; it is no firewall: NetworkPolicies are. In ambient mode nothing can be said of one
workload's view, so there the waypoint decides who may call an external host.
"""

from collections.abc import Iterator

import pulumi

from components import identity
from components.manifests import Manifest
from components.mesh.arguments import PLAIN_PORT, Caller, ExternalService, MeshArgs, MeshedWorkload
from components.mesh.names import object_metadata
from components.mesh.resources.security import AuthorizationPolicy
from components.mesh.resources.service_entry import ServiceEntry, ServiceEntryPort
from components.mesh.resources.sidecar import Sidecar
from components.mesh.resources.tls_origination import TlsOrigination
from components.mesh.version_services import version_services
from components.registration import register_all
from components.specs.mesh.settings import DataPlane


class Egress(pulumi.ComponentResource):
    """The scope of each workload's proxies, and the declared external hosts."""

    def __init__(self, name: str, args: MeshArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(identity.component_type("mesh", "Egress"), name, {}, opts)
        register_all(self.manifests(name, args), parent=self)
        self.register_outputs({})

    @staticmethod
    def manifests(_name: str, args: MeshArgs) -> list[Manifest]:
        """Return every object of the component, without Pulumi."""
        return egress_objects(args)


def egress_objects(args: MeshArgs) -> list[Manifest]:
    """Build everything that says what may be reached."""
    return [
        *(dict(service_entry(args, one)) for one in args.external.values()),
        *(dict(tls_origination(args, one)) for one in args.external.values() if one.originate_tls),
        *(dict(body) for body in sidecars(args)),
        *(dict(body) for body in external_policies(args)),
    ]


def sidecars(args: MeshArgs) -> Iterator[Sidecar]:
    """Build each workload's scope; there is none in ambient mode, where ztunnel knows everything."""
    if args.settings.data_plane is DataPlane.SIDECAR:
        for workload in args.workloads.values():
            yield sidecar(args, workload)


def sidecar(args: MeshArgs, workload: MeshedWorkload) -> Sidecar:
    """Build the scope of one workload: what it calls, here and elsewhere, and the mesh's own services."""
    hosts = [f"./{args.host(service)}" for callee in workload.calls for service in _services(args, callee)]
    hosts += [f"./{args.external[name].host}" for name in workload.external]
    hosts += workload.elsewhere
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": object_metadata(args, workload.name, workload),
        "spec": {
            "workloadSelector": {"labels": identity.selector(workload.name)},
            "egress": [{"hosts": [*dict.fromkeys(hosts), f"{args.settings.system_namespace}/*"]}],
            "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
        },
    }


def _services(args: MeshArgs, callee: str) -> Iterator[str]:
    """Yield a Service, and those of its versions where routes lead to Services and not to subsets of one."""
    yield callee
    for workload in args.workloads.values():
        if workload.service == callee:
            yield from version_services(args.settings, workload).values()


def service_entry(args: MeshArgs, external: ExternalService) -> ServiceEntry:
    """Build what makes an external host known, in this namespace only.

    A host that is spoken to in neither HTTP nor TLS has no name on the wire. The proxies tell several of them on one
    port apart only with DNS capture (https://istio.io/latest/docs/ops/configuration/traffic-management/dns-proxy/),
    which `ControlPlane` switches on.
    """
    port: ServiceEntryPort = {"number": external.port, "name": external.protocol, "protocol": "TLS"}
    if external.originate_tls:
        port = {"number": PLAIN_PORT, "name": "http", "protocol": "HTTP", "targetPort": external.port}
    elif external.protocol == "tcp":
        port["protocol"] = "TCP"
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": object_metadata(args, external.name),
        "spec": {
            "hosts": [external.host],
            "ports": [port],
            "location": "MESH_EXTERNAL",
            "resolution": "DNS",
            "exportTo": ["."],
        },
    }


def tls_origination(args: MeshArgs, external: ExternalService) -> TlsOrigination:
    """Build what adds TLS to requests for an external host, and checks whose certificate answers."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": object_metadata(args, external.name),
        "spec": {
            "host": external.host,
            "exportTo": ["."],
            "trafficPolicy": {
                "portLevelSettings": [
                    {
                        "port": {"number": PLAIN_PORT},
                        "tls": {"mode": "SIMPLE", "sni": external.host, "subjectAltNames": [external.host]},
                    }
                ]
            },
        },
    }


def external_policies(args: MeshArgs) -> Iterator[AuthorizationPolicy]:
    """Build who may call each external host through the waypoint; proxies beside the Pods need none."""
    if args.settings.data_plane is not DataPlane.AMBIENT:
        return
    for external in args.external.values():
        callers = [
            Caller(service_account=workload.service_account, namespace=args.namespace, port="")
            for workload in args.workloads.values()
            if external.name in workload.external
        ]
        if callers:
            yield {
                "apiVersion": "security.istio.io/v1",
                "kind": "AuthorizationPolicy",
                "metadata": object_metadata(args, f"external-{external.name}"),
                "spec": {
                    "targetRefs": [{"group": "networking.istio.io", "kind": "ServiceEntry", "name": external.name}],
                    "action": "ALLOW",
                    "rules": [{"from": [{"source": {"principals": sorted({args.principal(one) for one in callers})}}]}],
                },
            }
