"""The edge as the Gateway API's Gateway and HTTPRoutes. Pure."""

from collections.abc import Iterator

from components.mesh.arguments import EdgeRoute, MeshArgs
from components.mesh.edge_routes import (
    REMOVED_HEADERS,
    SECURITY_HEADERS,
    EdgePath,
    edge_hosts,
    edge_metadata,
    edge_paths,
    edge_secret,
    edge_services,
)
from components.mesh.names import edge_gateway
from components.mesh.resources.gateway_api import (
    CorsFilter,
    Gateway,
    HttpRoute,
    Listener,
    PathMatch,
    RouteFilter,
    RouteRule,
)
from components.mesh.routes import Route, RoutedService
from components.mesh.routing_gateway_api import route_matches, route_rule
from components.quantities import whole_seconds
from components.specs.mesh.edge import Cors

REDIRECT_LISTENER = "http"


def gateway(args: MeshArgs) -> Gateway:
    """Build the listeners: HTTPS for each host, and HTTP, which sends everybody there.

    Only routes of the platform's own namespace can claim its hosts. The API can't say which TLS versions are allowed;
    Istio's default is 1.2 at least (https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings).
    """
    listeners = [_https(args, host) for host in edge_hosts(args)]
    plain: Listener = {
        "name": REDIRECT_LISTENER,
        "port": 80,
        "protocol": "HTTP",
        "allowedRoutes": {"namespaces": {"from": "Same"}},
    }
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": edge_metadata(args, edge_gateway(args)),
        "spec": {"gatewayClassName": args.settings.edge.gateway, "listeners": [*listeners, plain]},
    }


def _https(args: MeshArgs, host: str) -> Listener:
    own = {"kubernetes.io/metadata.name": args.namespace}
    return {
        "name": host,
        "hostname": host,
        "port": 443,
        "protocol": "HTTPS",
        "tls": {"mode": "Terminate", "certificateRefs": [{"name": edge_secret(args)}]},
        "allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchLabels": own}}},
    }


def redirects(args: MeshArgs) -> list[HttpRoute]:
    """Build what sends plain HTTP to HTTPS, for each host."""
    return [
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": edge_metadata(args, f"https.{host}"),
            "spec": {
                "parentRefs": [{"name": edge_gateway(args), "sectionName": REDIRECT_LISTENER}],
                "hostnames": [host],
                "rules": [
                    {
                        "filters": [
                            {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
                        ]
                    }
                ],
            },
        }
        for host in edge_hosts(args)
    ]


def edge_http_routes(args: MeshArgs) -> list[HttpRoute]:
    """Build the routes of each service at its host; which of several paths is the closest, the API decides by itself.

    A service that is called from outside and from inside has its weights here and in its routes inside.
    """
    return [_http_route(args, service, edge) for service, edge in edge_services(args)]


def _http_route(args: MeshArgs, service: RoutedService, edge: EdgeRoute) -> HttpRoute:
    paths = [path for path in edge_paths(args) if path.service == service]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": service.metadata(f"{service.service}.{edge.host}"),
        "spec": {
            "parentRefs": [
                {"name": edge_gateway(args), "namespace": args.edge_namespace, "sectionName": edge.host},
            ],
            "hostnames": [edge.host],
            "rules": [rule for path in paths for route in path.routes for rule in _rules(path, route)],
        },
    }


def _rules(path: EdgePath, route: Route) -> Iterator[RouteRule]:
    built = route_rule(path.service, path.edge.port, route)
    filters = [*built.get("filters", []), *_filters(path)]
    prefix: PathMatch = {"type": "PathPrefix", "value": path.path}
    matches = route_matches(route, [prefix])
    # A rule that replaces a prefix may have only one match.
    for group in [[match] for match in matches] if path.policy.rewrite else [matches]:
        yield {**built, "matches": group, "filters": filters}


def _filters(path: EdgePath) -> Iterator[RouteFilter]:
    if path.policy.rewrite:
        replacement = path.policy.rewrite.rstrip("/") or "/"
        yield {
            "type": "URLRewrite",
            "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": replacement}},
        }
    yield {
        "type": "ResponseHeaderModifier",
        "responseHeaderModifier": {
            "set": [{"name": name, "value": value} for name, value in SECURITY_HEADERS.items()],
            "remove": [*REMOVED_HEADERS],
        },
    }
    if path.policy.cors:
        yield {"type": "CORS", "cors": _cors(path.policy.cors)}


def _cors(cors: Cors) -> CorsFilter:
    return {
        "allowOrigins": [*cors.origins],
        "allowMethods": [*cors.methods],
        "allowHeaders": [*cors.headers],
        "allowCredentials": cors.credentials,
        "maxAge": whole_seconds(cors.max_age),
    }
