"""How a service is called: load balancing, bulkhead, outlier detection, mutual TLS. Pure."""

from typing import Final, Literal

from components import identity
from components.mesh.resources.destination_rule import (
    ConnectionPools,
    DestinationRule,
    LoadBalancing,
    LocalityBalancing,
    OutlierEjection,
    TrafficPolicy,
)
from components.mesh.routes import RoutedService
from components.mesh.version_services import version_services
from components.quantities import duration_text
from components.specs.mesh.resilience import HashCookie, HashHeader, LoadBalancer, Resilience
from components.specs.mesh.settings import DataPlane, Locality, RoutingApi


def destination_rules(service: RoutedService) -> list[DestinationRule]:
    """Build the rule of a service, with its versions as subsets; or a rule for each version's own Service too.

    Both APIs need it: the Gateway API's standard channel has neither outlier detection nor pools nor hashing. In
    ambient mode the waypoint obeys it, so there the bulkhead is that of all callers together.
    """
    if service.args.settings.routing_api is RoutingApi.ISTIO:
        rule = _rule(service, service.service)
        if service.workload.versions:
            rule["spec"]["subsets"] = [
                {"name": track, "labels": {identity.TRACK: track}} for track in service.workload.versions
            ]
        return [rule]
    names = version_services(service.args.settings, service.workload).values()
    return [_rule(service, name) for name in (service.service, *names)]


def _rule(service: RoutedService, name: str) -> DestinationRule:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": service.metadata(name),
        "spec": {"host": service.args.host(name), "trafficPolicy": traffic_policy(service)},
    }


def traffic_policy(service: RoutedService) -> TrafficPolicy:
    """Build what holds for all ports and versions of a service."""
    settings = service.args.settings
    policy: TrafficPolicy = {
        "loadBalancer": load_balancing(service.resilience, settings.locality),
        "connectionPool": _connection_pools(service),
        "outlierDetection": _outlier_ejection(service.resilience),
    }
    # In ambient mode ztunnel authenticates both sides by itself; this would add a second TLS inside.
    if settings.data_plane is DataPlane.SIDECAR:
        policy["tls"] = {"mode": "ISTIO_MUTUAL"}
    return policy


def load_balancing(resilience: Resilience, locality: Locality | None) -> LoadBalancing:
    """Build how a Pod is chosen.

    Where a hash chooses it, locality is switched off, which Istio would switch on as there is outlier detection:
    proxies in different zones would see different Pods, and disagree on which one a value belongs to
    (https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings-ConsistentHashLB).
    """
    chosen = resilience.load_balancing
    if isinstance(chosen, LoadBalancer):
        simple: LoadBalancing = {"simple": _SIMPLE[chosen]}
        return {**simple, "localityLbSetting": _locality(locality)} if locality else simple
    balancing: LoadBalancing = {"localityLbSetting": {"enabled": False}}
    if isinstance(chosen, HashHeader):
        balancing["consistentHash"] = {"httpHeaderName": chosen.header}
    elif isinstance(chosen, HashCookie):
        balancing["consistentHash"] = {"httpCookie": {"name": chosen.cookie, "ttl": duration_text(chosen.ttl)}}
    else:
        balancing["consistentHash"] = {"useSourceIp": chosen.source_ip}
    return balancing


_SIMPLE: Final[dict[LoadBalancer, Literal["LEAST_REQUEST", "ROUND_ROBIN", "RANDOM"]]] = {
    LoadBalancer.LEAST_REQUEST: "LEAST_REQUEST",
    LoadBalancer.ROUND_ROBIN: "ROUND_ROBIN",
    LoadBalancer.RANDOM: "RANDOM",
}


def _locality(locality: Locality) -> LocalityBalancing:
    built: LocalityBalancing = {"enabled": True}
    if locality.spread:
        built["distribute"] = [
            {"from": spread.from_, "to": {place: round(share) for place, share in spread.to.items()}}
            for spread in locality.spread
        ]
    if locality.failover:
        built["failover"] = [{"from": failover.from_, "to": failover.to} for failover in locality.failover]
    return built


def _connection_pools(service: RoutedService) -> ConnectionPools:
    pool = service.resilience.connection_pool
    built: ConnectionPools = {
        "tcp": {"maxConnections": pool.connections, "connectTimeout": duration_text(pool.connect_timeout)}
    }
    if service.routed_ports:
        built["http"] = {
            "http1MaxPendingRequests": pool.pending,
            "http2MaxRequests": pool.requests,
            "maxRetries": pool.retries,
        }
        if pool.requests_per_connection:
            built["http"]["maxRequestsPerConnection"] = pool.requests_per_connection
    return built


def _outlier_ejection(resilience: Resilience) -> OutlierEjection:
    """Count gateway errors alone: 502, 503, 504, timeouts, failed connections, and gRPC's UNAVAILABLE, which is 503.

    A 500 is an answer that a healthy Pod gives too; counting it, one bad request sent often could eject every Pod.
    """
    outliers = resilience.outlier_detection
    return {
        "consecutiveGatewayErrors": outliers.consecutive_errors,
        "consecutive5xxErrors": 0,
        "interval": duration_text(outliers.interval),
        "baseEjectionTime": duration_text(outliers.ejection),
        "maxEjectionPercent": round(outliers.max_ejected),
    }
