"""Input that is well formed and that Kubernetes, a kubelet or a program would trip over later, and where it stands."""

from __future__ import annotations

from typing import Any

import pytest

REASON = "a reviewer has weighed it"
NODE_PORT = {"type": "NodePort"}


def refused(what: str, at: str, changes: dict[str, Any], **environment: Any) -> Any:
    return pytest.param(changes, environment, at, id=what)


LATE = (
    refused(
        "a sidecar called like its service, as is the main container",
        "catalogue.yaml services.orders",
        {"services orders sidecars": {"orders": {"image": "example.com/proxy:1"}}},
    ),
    refused(
        "a volume called like the scratch volume of a container",
        "catalogue.yaml services.orders",
        {"services orders volumes": {"tmp-orders": {"empty": "1Gi"}}},
    ),
    refused(
        "a Secret called like a store, whose credentials it would replace",
        "catalogue.yaml secrets.users-db",
        {"secrets users-db": {"keys": ["token"]}},
    ),
    refused(
        "a service called like the governing Service of a StatefulSet",
        "catalogue.yaml services.ledger",
        {
            "services ledger": {"image": "example.com/x:1", "kind": "statefulset", "ports": {"http": 80}},
            "services ledger-pods": {"image": "example.com/x:1", "ports": {"http": 80}},
        },
    ),
    refused(
        "two ports of a Service with one number",
        "catalogue.yaml services.gateway",
        {
            "services gateway ports": {
                "http": {"number": 8080, "service-port": 80},
                "admin": {"number": 8081, "service-port": 80},
            }
        },
    ),
    refused(
        "a port of the node on a Service that has none",
        "catalogue.yaml services.gateway",
        {"services gateway ports": {"http": {"number": 8080, "node-port": 30080}}},
    ),
    refused(
        "a port of the node that two services claim",
        "catalogue.yaml services.orders",
        {
            "services gateway ports": {"http": {"number": 8080, "node-port": 30080}},
            "services orders ports": {"grpc": {"number": 50051, "node-port": 30080}},
            "services gateway service": NODE_PORT,
            "services orders service": NODE_PORT,
            "services gateway exceptions": {"node-port": REASON},
            "services orders exceptions": {"node-port": REASON},
        },
    ),
    refused(
        "a traffic policy on a Service that is not reached from outside",
        "catalogue.yaml services.gateway",
        {"services gateway service": {"external-traffic": "Local"}},
    ),
    refused(
        "a source range that is none",
        "catalogue.yaml services.gateway.service.source-ranges[0]",
        {"services gateway service": {"type": "LoadBalancer", "source-ranges": ["10.0.0.0"]}},
    ),
    refused(
        "an address range whose numbers are too big",
        "catalogue.yaml external.payments.cidrs[0]",
        {"external payments": {"host": "payments.example.com", "cidrs": ["10.999.0.0/99"]}},
    ),
    refused(
        "an HTTP probe on a port that is not there",
        "catalogue.yaml services.gateway.probes.readiness",
        {"services gateway probes": {"readiness": {"http": "/", "port": "admin"}}},
    ),
    refused(
        "a gRPC probe on a port that is not there",
        "catalogue.yaml services.gateway.probes.readiness",
        {"services gateway probes": {"readiness": {"grpc": "", "port": "admin"}}},
    ),
    refused(
        "a probe of a container without ports",
        "catalogue.yaml services.fulfilment.probes.readiness",
        {"services fulfilment ports": {}, "services fulfilment probes": {"readiness": {"tcp": True}}},
    ),
    refused(
        "a version of PostgreSQL that nobody pinned",
        "catalogue.yaml stores.users-db.version",
        {"stores users-db version": 15},
    ),
    refused(
        "a version of Redis that is not the pinned one",
        "catalogue.yaml stores.cache.version",
        {"stores cache version": 6},
    ),
    refused(
        "a Secret that an environment's variable names and nobody makes",
        "Pulumi.dev.yaml env.TOKEN",
        {},
        **{"env TOKEN": {"secret": "api-token", "key": "token"}},
    ),
    refused(
        "a Secret that an override names and nobody makes",
        "Pulumi.dev.yaml services.orders",
        {},
        **{"services orders": {"env": {"TOKEN": {"secret": "api-token", "key": "token"}}}},
    ),
    refused(
        "an environment's variable that refers to a later one",
        "Pulumi.dev.yaml env.URL",
        {},
        env={"URL": "https://$(HOST)", "HOST": "localhost"},
    ),
    refused(
        "a service's variable that refers to one of the environment, which comes later",
        "catalogue.yaml services.orders.env.MODE",
        {"services orders env": {"MODE": "$(LOG_LEVEL)"}},
    ),
    refused(
        "a percentage without its sign, and with a point",
        "Pulumi.dev.yaml services.gateway.autoscaling.cpu",
        {},
        **{"services gateway": {"autoscaling": {"min": 1, "max": 2, "cpu": 0.7}}},
    ),
    refused(
        "a schedule that is none",
        "catalogue.yaml services.fulfilment.job.schedule",
        {"services fulfilment kind": "cronjob", "services fulfilment job": {"schedule": "every day"}},
    ),
    refused(
        "a time zone that nobody lives in",
        "catalogue.yaml services.fulfilment.job.time-zone",
        {
            "services fulfilment kind": "cronjob",
            "services fulfilment job": {"schedule": "0 3 * * *", "time-zone": "Europe/Atlantis"},
        },
    ),
    refused(
        "a field of the Pod that it does not have",
        "catalogue.yaml services.orders.env.POD",
        {"services orders env": {"POD": {"field": "metadata.nope"}}},
    ),
    refused(
        "a field of the Pod that is not known before it is placed, as a file",
        "catalogue.yaml services.orders.volumes.about",
        {"services orders volumes": {"about": {"downward": {"address": "status.podIP"}}}},
    ),
    refused(
        "a user of a number that Linux has not",
        "catalogue.yaml services.orders.pod-user",
        {"services orders pod-user": 2**32},
    ),
    refused(
        "a capability spelt as the kernel's headers do",
        "catalogue.yaml services.orders.capabilities[0]",
        {"services orders capabilities": ["CAP_CHOWN"], "services orders exceptions": {"capabilities": REASON}},
    ),
    refused(
        "a disruption budget of more than everything",
        "catalogue.yaml services.orders.disruption-budget.max-unavailable",
        {"services orders disruption-budget": {"max-unavailable": "150%"}},
    ),
    refused(
        "a disruption budget with a fraction of a percent",
        "catalogue.yaml services.orders.disruption-budget.max-unavailable",
        {"services orders disruption-budget": {"max-unavailable": "12.5%"}},
    ),
    refused(
        "a rollout that may never progress",
        "catalogue.yaml services.orders.progress-deadline",
        {"services orders progress-deadline": "0s"},
    ),
    refused(
        "a protocol with blanks",
        "catalogue.yaml services.orders.ports.grpc.app-protocol",
        {"services orders ports": {"grpc": {"number": 50051, "app-protocol": "g r p c"}}},
    ),
)
