"""What the proxies of a namespace tell: spans, access logs, and metrics by version."""

from typing import Final

import pulumi

from components import identity
from components.manifests import Manifest
from components.mesh.arguments import MeshArgs
from components.mesh.names import object_metadata
from components.mesh.resources.telemetry import AccessLogging, MetricsOverrides, Telemetry
from components.registration import register_all

TRACK_TAG: Final = "destination_track"
"""The dimension of Istio's request metrics that tells versions of a service apart."""


class MeshTelemetry(pulumi.ComponentResource):
    """Tracing, access logs and metrics of a namespace, through the providers of the mesh's configuration."""

    def __init__(self, name: str, args: MeshArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(identity.component_type("mesh", "MeshTelemetry"), name, {}, opts)
        register_all(self.manifests(name, args), parent=self)
        self.register_outputs({})

    @staticmethod
    def manifests(_name: str, args: MeshArgs) -> list[Manifest]:
        """Return every object of the component, without Pulumi."""
        return [dict(telemetry(args))]


def telemetry(args: MeshArgs) -> Telemetry:
    """Build the namespace's Telemetry; Istio takes one without a selector in each namespace."""
    settings = args.settings.telemetry
    logging: AccessLogging = (
        {"providers": [{"name": settings.access_log_provider}]} if settings.access_logs else {"disabled": True}
    )
    return {
        "apiVersion": "telemetry.istio.io/v1",
        "kind": "Telemetry",
        "metadata": object_metadata(args, "default"),
        "spec": {
            "tracing": [
                {
                    "providers": [{"name": settings.tracing_provider}],
                    "randomSamplingPercentage": settings.sampling,
                }
            ],
            "accessLogging": [logging],
            "metrics": [{"providers": [{"name": "prometheus"}], "overrides": _track()}],
        },
    }


def _track() -> list[MetricsOverrides]:
    """Return the version that answered, as callers' proxies see it: so a canary's errors are told from the stable's.

    Istio's own dimension destination_version follows other labels than ours
    (https://istio.io/latest/docs/reference/config/metrics/).
    """
    value = f"filter_state.upstream_peer.labels['{identity.TRACK}']"
    return [
        {
            "match": {"metric": metric, "mode": "CLIENT"},
            "tagOverrides": {TRACK_TAG: {"operation": "UPSERT", "value": value}},
        }
        for metric in ("REQUEST_COUNT", "REQUEST_DURATION")
    ]
