"""Environments that do not fit the catalogue, or their tier."""

from __future__ import annotations

from typing import Final

from tests.stacks.bad_input import Mistake
from tests.stacks.project import REMOVED

MISTAKES: Final = (
    Mistake(
        what="an override of an unknown service",
        environment={"services user": {"replicas": 2}},
        place="Pulumi.dev.yaml services.user",
        line="user:",
        message="is no entry of the catalogue's services",
        consequence="the setting would reach nothing",
        fix="correct the name or drop it: did you mean 'users'?",
    ),
    Mistake(
        what="a place for an unknown store",
        environment={"stores sessions": {"storage": "1Gi"}},
        place="Pulumi.dev.yaml stores.sessions",
        line="sessions:",
        message="is no entry of the catalogue's stores",
        consequence="the setting would reach nothing",
        fix="correct the name or drop it: there are users-db, orders-db, cache",
    ),
    Mistake(
        what="a store without a place",
        environment={"stores cache": REMOVED},
        place="Pulumi.dev.yaml stores",
        line="stores:",
        message="do not say where 'cache' runs",
        consequence="services that use it would have no address for it",
        fix="add stores.cache: {storage: 10Gi} to run it in the cluster, or {host: db.example.com}",
    ),
    Mistake(
        what="streams without a broker",
        environment={"broker": REMOVED},
        place="Pulumi.dev.yaml",
        line="polyglot:environment:",
        message="has no broker, but the catalogue has streams",
        consequence="services that publish or consume would have no address for it",
        fix="add broker: {storage: 10Gi} to run NATS in the cluster, or {host: nats.example.com}",
    ),
    Mistake(
        what="a quota with too little CPU",
        environment={"quota cpu": 1, "observability": REMOVED},
        place="Pulumi.dev.yaml quota.cpu",
        line="cpu: 1",
        value=1,
        message="is less than the 2950m that all workloads, with the mesh's proxies, ask for at their most replicas",
        consequence="the namespace would refuse the last of the Pods",
        fix="raise quota.cpu to 2950m or more, with room for rollouts, or lower requests or replicas",
    ),
    Mistake(
        what="a quota with too little memory",
        environment={"quota memory": "1Gi", "observability": REMOVED},
        place="Pulumi.dev.yaml quota.memory",
        line="memory: 1Gi",
        value="1Gi",
        message="is less than the 4992Mi that all workloads, with the mesh's proxies, ask for at their most replicas",
        consequence="the namespace would refuse the last of the Pods",
        fix="raise quota.memory to 4992Mi or more, with room for rollouts, or lower requests or replicas",
    ),
    Mistake(
        what="a quota with too few Pods",
        environment={"quota pods": 3, "observability": REMOVED},
        place="Pulumi.dev.yaml quota.pods",
        line="pods: 3",
        value=3,
        message="is less than the 10 that all workloads, with the mesh's proxies, ask for at their most replicas",
        consequence="the namespace would refuse the last of the Pods",
        fix="raise quota.pods to 10 or more, with room for rollouts, or lower requests or replicas",
    ),
    Mistake(
        what="a version that takes the name of a service",
        catalogue={"services users-canary": {"image": "example.com/x:1"}},
        place="Pulumi.dev.yaml services.users.versions",
        line="versions:",
        message="make an object called 'users-canary', which is a service of its own",
        consequence="the two would overwrite each other",
        fix="rename the version or the service",
    ),
    Mistake(
        what="a version whose name makes too long a name",
        stack="local",
        catalogue={
            "services aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": {"image": "example.com/x:1"}
        },
        environment={
            "services aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": {
                "replicas": 10,
                "versions": {"stable": {"weight": "90%"}, "canary": {"weight": "10%"}},
            }
        },
        place="Pulumi.local.yaml services.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        line="aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:",
        message=(
            "makes an object called 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-canary', "
            "67 characters long"
        ),
        consequence="Kubernetes refuses a deployment of more than 63 characters",
        fix="shorten the name of the service or the version",
    ),
    Mistake(
        what="a cronjob whose name leaves no room for its Jobs",
        catalogue={
            "services aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": {
                "image": "example.com/x:1",
                "kind": "cronjob",
                "job": {"schedule": "0 3 * * *"},
            }
        },
        place="Pulumi.dev.yaml services.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        line="services:",
        message="makes an object called 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 53 characters long",
        consequence="Kubernetes refuses a cronjob of more than 52 characters",
        fix="shorten the name of the service or the version",
    ),
    Mistake(
        what="one replica in production",
        stack="prod",
        environment={"services orders replicas": 1},
        place="Pulumi.prod.yaml services.orders.replicas",
        line="replicas: 1",
        value=1,
        message="gives orders 1 replica, below production's floor of 2",
        consequence="every node drain and every crash would be an outage",
        fix="raise it to 2 or more, or add services.orders.exceptions.single-replica: REASON",
    ),
    Mistake(
        what="an autoscaler down to one replica in production",
        stack="prod",
        environment={"services gateway autoscaling min": 1},
        place="Pulumi.prod.yaml services.gateway.autoscaling.min",
        line="min: 1",
        value=1,
        message="gives gateway 1 replica, below production's floor of 2",
        consequence="every node drain and every crash would be an outage",
        fix="raise it to 2 or more, or add services.gateway.exceptions.single-replica: REASON",
    ),
    Mistake(
        what="no disruption budget in production",
        stack="prod",
        environment={
            "services orders disruption-budget": None,
            "services orders exceptions": {"disruption-budget": "it may be down at night"},
        },
        place="Pulumi.prod.yaml services.orders.disruption-budget",
        line="disruption-budget: null",
        value=None,
        message="leaves orders without a disruption budget, which production asks for",
        consequence="a node drain could take away all its replicas at once",
        fix="drop 'disruption-budget: null' here or in the catalogue",
    ),
    Mistake(
        what="an image without digest in production",
        stack="prod",
        environment={"services orders image": "registry.example.com/shop/orders:0.1.0"},
        place="Pulumi.prod.yaml services.orders.image",
        line="image: registry.example.com/shop/orders:0.1.0",
        value="registry.example.com/shop/orders:0.1.0",
        message="runs registry.example.com/shop/orders:0.1.0 without a digest",
        consequence="a tag can be moved: what was tested and what runs in production could differ",
        fix="set services.orders.image to the image with its digest: …@sha256:…",
    ),
    Mistake(
        what="the catalogue's image, without digest, in production",
        stack="prod",
        catalogue={
            "services orders build": REMOVED,
            "services orders image": "registry.example.com/shop/orders:0.1.0",
        },
        environment={"services orders image": REMOVED},
        place="Pulumi.prod.yaml services.orders.image",
        line="orders: {}",
        message="runs registry.example.com/shop/orders:0.1.0 without a digest",
        consequence="a tag can be moved: what was tested and what runs in production could differ",
        fix="set services.orders.image to the image with its digest: …@sha256:…",
    ),
    Mistake(
        what="the image of the rate-limit service, without digest, in production",
        stack="prod",
        catalogue={
            "stores limits": {"engine": "redis"},
            "services gateway rate-limits": [{"requests": 1, "per": "second", "scope": "global"}],
        },
        environment={
            "stores limits": {"host": "limits.example.com"},
            "mesh data-plane": "sidecar",
            "mesh routing-api": "istio",
            "mesh rate-limit-store": "limits",
            "mesh rate-limit-image": "registry.example.com/ratelimit:1.0.0",
        },
        place="Pulumi.prod.yaml mesh.rate-limit-image",
        line="rate-limit-image: registry.example.com/ratelimit:1.0.0",
        value="registry.example.com/ratelimit:1.0.0",
        message="runs registry.example.com/ratelimit:1.0.0 without a digest",
        consequence="a tag can be moved: what was tested and what runs in production could differ",
        fix="set mesh.rate-limit-image to the image with its digest: …@sha256:…",
    ),
)
