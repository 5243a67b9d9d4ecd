"""The custom metrics API, by which autoscalers ask the adapter: who serves it, and by which rights."""

from datetime import timedelta
from typing import Final, cast

import msgspec
import pulumi
from lightkube.models import apiregistration_v1, meta_v1

from components import identity
from components.manifests import Manifest, manifest
from components.observability.arguments import ObservabilityArgs
from components.observability.custom_metrics.adapter import CERTIFICATE_SECRET, PORT
from components.observability.names import PROMETHEUS_ADAPTER, access_name
from components.registration import register_all
from components.resources.certificate import Certificate, certificate
from components.resources.rights import account, bound

_GROUP: Final = "custom.metrics.k8s.io"
_VERSION: Final = "v1beta1"
_SYSTEM: Final = "kube-system"


class MetricsAdapter(pulumi.ComponentResource):
    """What the adapter needs before it starts: its certificate, and its rights outside the namespace."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(identity.component_type("observability", "MetricsAdapter"), name, {}, opts)
        register_all(self.manifests(name, args), parent=self)
        self.register_outputs({})

    @staticmethod
    def manifests(_name: str, args: ObservabilityArgs) -> list[Manifest]:
        """Return every object of the component, without Pulumi; none where nothing serves the metrics."""
        settings = args.settings.metrics.request_metrics
        if settings is None:
            return []
        return [cast("Manifest", _certificate(args, settings.issuer)), *map(manifest, _rights(args))]


class MetricsApi(pulumi.ComponentResource):
    """The API itself, which the adapter must be ready to serve: until then every discovery of APIs complains of it.

    A cluster has one server of this API: a second platform with request metrics would take the place of the first.
    """

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(identity.component_type("observability", "MetricsApi"), name, {}, opts)
        register_all(self.manifests(name, args), parent=self)
        self.register_outputs({})

    @staticmethod
    def manifests(_name: str, args: ObservabilityArgs) -> list[Manifest]:
        """Return every object of the component, without Pulumi; none where nothing serves the metrics."""
        return [] if args.settings.metrics.request_metrics is None else [manifest(_api_service(args))]


def _certificate(args: ObservabilityArgs, issuer: str) -> Certificate:
    """Build the certificate for the name by which the API server asks."""
    return certificate(
        {
            "name": PROMETHEUS_ADAPTER,
            "namespace": args.namespace,
            "labels": identity.labels(PROMETHEUS_ADAPTER, part_of=args.part_of),
        },
        secret=CERTIFICATE_SECRET,
        names=[f"{PROMETHEUS_ADAPTER}.{args.namespace}.svc"],
        issuer=issuer,
        renew_before=timedelta(days=15),
    )


def _api_service(args: ObservabilityArgs) -> apiregistration_v1.APIService:
    return apiregistration_v1.APIService(
        apiVersion="apiregistration.k8s.io/v1",
        kind="APIService",
        metadata=meta_v1.ObjectMeta(
            name=f"{_VERSION}.{_GROUP}",
            labels=identity.labels(PROMETHEUS_ADAPTER, part_of=args.part_of),
            # https://cert-manager.io/docs/concepts/ca-injector/
            annotations={"cert-manager.io/inject-ca-from": f"{args.namespace}/{PROMETHEUS_ADAPTER}"},
        ),
        spec=apiregistration_v1.APIServiceSpec(
            group=_GROUP,
            version=_VERSION,
            groupPriorityMinimum=100,
            versionPriority=100,
            service=apiregistration_v1.ServiceReference(name=PROMETHEUS_ADAPTER, namespace=args.namespace, port=PORT),
        ),
    )


def _rights(args: ObservabilityArgs) -> list[msgspec.Struct]:
    """Let the adapter ask the API server who its callers are, and what they may do.

    https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/. Kubernetes' own autoscaler needs no
    rights from us: it may read every custom metric.
    """
    prefix, adapter = access_name(args, PROMETHEUS_ADAPTER), account(PROMETHEUS_ADAPTER, args.namespace)
    delegates = _metadata(args, f"{prefix}-delegates", None)
    reads = _metadata(args, f"{prefix}-reads-authentication", _SYSTEM)
    return [
        bound(delegates, "system:auth-delegator", adapter),
        bound(reads, "extension-apiserver-authentication-reader", adapter),
    ]


def _metadata(args: ObservabilityArgs, name: str, namespace: str | None) -> meta_v1.ObjectMeta:
    return meta_v1.ObjectMeta(
        name=name, namespace=namespace, labels=identity.labels(PROMETHEUS_ADAPTER, part_of=args.part_of)
    )
