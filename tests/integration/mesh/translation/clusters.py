"""A DestinationRule as Envoy's clusters, one for each of its versions.

After https://istio.io/latest/docs/reference/config/networking/destination-rule/ and istiod's
pilot/pkg/networking/core/cluster_traffic_policy.go. Two settings are left out: mutual TLS, as the servers of these
tests speak plain text, and locality, as they are all in one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.integration.mesh.translation.fields import Config, known, seconds, type_url
from tests.integration.mesh.translation.routes import cluster_name

UNLIMITED: Final = 2**32 - 1
"""What istiod sets where a DestinationRule says nothing; Envoy's own defaults are lower."""
BALANCERS: Final = {"LEAST_REQUEST": "LEAST_REQUEST", "ROUND_ROBIN": "ROUND_ROBIN", "RANDOM": "RANDOM"}


def clusters(
    rule: Mapping[str, Any], port: int, servers: Mapping[str, Sequence[int]], *, http2: bool = False
) -> list[Config]:
    """Build the clusters of one port. `servers` has the ports on loopback of each version, or of all under ``""``."""
    spec = known(rule["spec"], "host", "trafficPolicy", "subsets")
    versions = ["", *(subset["name"] for subset in spec.get("subsets", ()))]
    everyone = sorted({address for ports in servers.values() for address in ports})
    return [
        {
            "name": cluster_name(spec["host"], version, port),
            "type": "STATIC",
            **_traffic_policy(spec["trafficPolicy"], http2=http2),
            "load_assignment": _endpoints(cluster_name(spec["host"], version, port), servers.get(version, everyone)),
        }
        for version in versions
    ]


def _traffic_policy(policy: Mapping[str, Any], *, http2: bool) -> Config:
    known(policy, "loadBalancer", "connectionPool", "outlierDetection", "tls")
    balancing = known(policy["loadBalancer"], "simple", "consistentHash", "localityLbSetting")
    pools = known(policy["connectionPool"], "tcp", "http")
    tcp = known(pools["tcp"], "maxConnections", "connectTimeout")
    http = known(
        pools.get("http", {}), "http1MaxPendingRequests", "http2MaxRequests", "maxRetries", "maxRequestsPerConnection"
    )
    protocol: Config = {
        "explicit_http_config": {"http2_protocol_options": {}} if http2 else {"http_protocol_options": {}}
    }
    if "maxRequestsPerConnection" in http:
        protocol["common_http_protocol_options"] = {"max_requests_per_connection": http["maxRequestsPerConnection"]}
    options = "extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        "connect_timeout": seconds(tcp["connectTimeout"]),
        "lb_policy": BALANCERS[balancing["simple"]] if "simple" in balancing else "RING_HASH",
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": tcp["maxConnections"],
                    "max_pending_requests": http.get("http1MaxPendingRequests", UNLIMITED),
                    "max_requests": http.get("http2MaxRequests", UNLIMITED),
                    "max_retries": http.get("maxRetries", UNLIMITED),
                }
            ]
        },
        "outlier_detection": _outliers(policy["outlierDetection"]),
        # istiod sets it wherever there is outlier detection: with 0 no Pod that was put out gets requests after all.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "typed_extension_protocol_options": {f"envoy.{options}": {"@type": type_url(options), **protocol}},
    }


def _outliers(detection: Mapping[str, Any]) -> Config:
    known(
        detection,
        "consecutiveGatewayErrors",
        "consecutive5xxErrors",
        "interval",
        "baseEjectionTime",
        "maxEjectionPercent",
    )
    gateway, any_error = detection["consecutiveGatewayErrors"], detection["consecutive5xxErrors"]
    return {
        "consecutive_gateway_failure": gateway,
        "enforcing_consecutive_gateway_failure": 100 if gateway else 0,
        "consecutive_5xx": any_error,
        "enforcing_consecutive_5xx": 100 if any_error else 0,
        "enforcing_success_rate": 0,
        "interval": seconds(detection["interval"]),
        "base_ejection_time": seconds(detection["baseEjectionTime"]),
        "max_ejection_percent": detection["maxEjectionPercent"],
    }


def _endpoints(name: str, ports: Sequence[int]) -> Config:
    addresses = [{"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}} for port in ports]
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": one} for one in addresses]}]}
