"""Every object of the edge, as manifests. Pure."""

from typing import cast

from components.manifests import Manifest
from components.mesh import edge_gateway_api, edge_istio
from components.mesh.arguments import MeshArgs
from components.mesh.edge_body_limits import body_limits
from components.mesh.edge_routes import edge_hosts, edge_metadata, edge_secret
from components.resources.certificate import Certificate, certificate
from components.specs.mesh.settings import IssuedCertificate, RoutingApi


def edge_objects(args: MeshArgs) -> list[Manifest]:
    """Build the edge: certificate, listeners, routes from outside; nothing where no service is offered there.

    Who may come in, and with which token, other policies say. In the Gateway API nothing bounds a request's body.
    """
    if not edge_hosts(args):
        return []
    if args.settings.routing_api is RoutingApi.ISTIO:
        built = [edge_istio.gateway(args), *edge_istio.edge_virtual_services(args), *body_limits(args)]
    else:
        routes = [*edge_gateway_api.redirects(args), *edge_gateway_api.edge_http_routes(args)]
        built = [edge_gateway_api.gateway(args), *routes]
    return [cast("Manifest", body) for body in (*certificates(args), *built)]


def certificates(args: MeshArgs) -> list[Certificate]:
    """Build the certificate of all hosts; none where it is somebody else's.

    The issuer is one of the whole cluster (ClusterIssuer), as the gateway's namespace is not this platform's.
    """
    tls = args.settings.edge.tls
    if not isinstance(tls, IssuedCertificate):
        return []
    secret = edge_secret(args)
    return [
        certificate(
            edge_metadata(args, secret),
            secret=secret,
            names=edge_hosts(args),
            issuer=tls.issuer,
            renew_before=tls.renew_before,
        )
    ]
