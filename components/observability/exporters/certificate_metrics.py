"""When cert-manager's certificates expire, told by a kube-state-metrics of its own beside the other. Pure.

cert-manager tells it too, but from a namespace that is not the platform's. The metric is called and labelled as there
(https://cert-manager.io/docs/devops-tips/prometheus-metrics/), so that rules need not know who tells it.

https://github.com/kubernetes/kube-state-metrics/blob/main/docs/metrics/extend/customresourcestate-metrics.md
"""

import json
from typing import Any, Final

from components import versions
from components.observability.arguments import ObservabilityArgs
from components.specs.container import Language, Sidecar
from components.specs.pod import ApiAccess
from components.specs.ports import Port
from components.specs.probes import Probe, Probes
from components.specs.resources import Resources

CERTIFICATES: Final = "certificates"
"""The container, and the port that has its series."""
CERTIFICATES_PORT: Final = 8082
EXPIRATION: Final = "certmanager_certificate_expiration_timestamp_seconds"
PART_OF: Final = "part_of"
"""The label that says whose certificate it is, where platforms share the edge's namespace. It is dropped again."""
_API_GROUP: Final = "cert-manager.io"

CERTIFICATE_ACCESS: Final = ApiAccess(groups=(_API_GROUP,), resources=(CERTIFICATES,), verbs=("list", "watch"))


def certificates_container(args: ObservabilityArgs) -> Sidecar:
    """Return the container that tells of certificates and of nothing else.

    It stands by itself, since one program would look for every kind of object in each of its namespaces, and may read
    only certificates at the edge.
    """
    return Sidecar(
        language=Language.GO,
        image=versions.KUBE_STATE_METRICS_IMAGE,
        ports={CERTIFICATES: Port(number=CERTIFICATES_PORT, app_protocol="http")},
        args=(
            f"--port={CERTIFICATES_PORT}",
            # Of itself the other one tells enough.
            "--telemetry-host=127.0.0.1",
            f"--telemetry-port={CERTIFICATES_PORT + 1}",
            f"--namespaces={','.join(args.namespaces)}",
            "--custom-resource-state-only=true",
            f"--custom-resource-state-config={json.dumps(_expiration())}",
        ),
        probes=Probes(
            readiness=Probe(http="/healthz", port=CERTIFICATES),
            liveness=Probe(http="/healthz", port=CERTIFICATES, failures=6),
        ),
        resources=Resources(cpu="10m", memory="64Mi"),
    )


def _expiration() -> dict[str, Any]:
    metadata = {"name": ["metadata", "name"], "namespace": ["metadata", "namespace"]}
    part_of = {PART_OF: ["metadata", "labels", "app.kubernetes.io/part-of"]}
    metric = {
        "name": EXPIRATION.removeprefix("certmanager_"),
        "help": "The date after which the certificate expires, in seconds since 1970.",
        "each": {"type": "Gauge", "gauge": {"path": ["status", "notAfter"]}},
    }
    certificate = {
        "groupVersionKind": {"group": _API_GROUP, "version": "v1", "kind": "Certificate"},
        "metricNamePrefix": "certmanager",
        "labelsFromPath": metadata | part_of,
        "metrics": [metric],
    }
    return {"kind": "CustomResourceStateMetrics", "spec": {"resources": [certificate]}}
