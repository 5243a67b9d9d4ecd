"""What happens to data on its way. Pure."""

from collections.abc import Sequence
from typing import Final, Literal, NotRequired, TypedDict

from components import identity
from components.quantities import byte_count

MEMORY_LIMITER: Final = "memory_limiter"
K8S_ATTRIBUTES: Final = "k8s_attributes"
RESOURCE_DETECTION: Final = "resource_detection"
TAIL_SAMPLING: Final = "tail_sampling"
TRANSFORM: Final = "transform"

HARD_SHARE: Final = 0.8
"""Of a container's memory, in the heap: from there on the limiter collects garbage by force."""
SOFT_SHARE: Final = 0.65
"""Of a container's memory: from there on the limiter refuses. Go's collector is told the same number, so that nothing
is refused because of garbage."""
_MIB: Final = 2**20


class MemoryLimiter(TypedDict):
    """Refuses data while memory is short; senders try again.

    https://github.com/open-telemetry/opentelemetry-collector/tree/main/processor/memorylimiterprocessor
    """

    check_interval: str
    limit_mib: int
    spike_limit_mib: int


class ExtractedLabel(TypedDict):
    """A Pod's label that becomes an attribute."""

    tag_name: str
    key: str
    # `from` is `pod` where it is left out.


class Extraction(TypedDict):
    """What becomes attributes."""

    metadata: list[str]
    labels: list[ExtractedLabel]


class NamespaceFilter(TypedDict):
    """Which Pods are looked at."""

    namespace: str


AssociationSource = TypedDict(
    "AssociationSource", {"from": Literal["resource_attribute", "connection"], "name": NotRequired[str]}
)
"""What tells a Pod."""


class Association(TypedDict):
    """Together they tell a Pod; the first that fits counts."""

    sources: list[AssociationSource]


class KubernetesAttributes(TypedDict):
    """Adds what the API server knows of the Pod that something comes from.

    https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/processor/k8sattributesprocessor
    """

    auth_type: Literal["serviceAccount"]
    filter: NamespaceFilter
    extract: Extraction
    pod_association: list[Association]


class ResourceDetection(TypedDict):
    """Adds what is true of the place.

    https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/processor/resourcedetectionprocessor
    """

    detectors: list[Literal["env"]]
    override: bool


class Statements(TypedDict):
    """Changes in OpenTelemetry's transformation language."""

    context: Literal["resource"]
    statements: list[str]


class Transform(TypedDict):
    """Changes metrics.

    https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/processor/transformprocessor
    """

    error_mode: Literal["ignore", "propagate"]
    metric_statements: list[Statements]


def memory_limiter(memory: str) -> MemoryLimiter:
    """Return the limiter of a container with so much memory (a Kubernetes quantity)."""
    size = byte_count(memory)
    hard, soft = int(size * HARD_SHARE) // _MIB, int(size * SOFT_SHARE) // _MIB
    return {"check_interval": "1s", "limit_mib": hard, "spike_limit_mib": hard - soft}


def collection_goal(memory: str) -> str:
    """Return GOMEMLIMIT for a container with so much memory: where the limiter begins to refuse.

    https://pkg.go.dev/runtime#hdr-Environment_Variables
    """
    return f"{int(byte_count(memory) * SOFT_SHARE) // _MIB}MiB"


def k8s_attributes(namespace: str) -> KubernetesAttributes:
    """Return what is added from the Pods of a namespace: their node, their uid, their team.

    A Pod is told by the attributes that services send of themselves (docs/services.md), or else by the connection:
    behind a proxy of the mesh that would be the proxy's.
    """
    return {
        "auth_type": "serviceAccount",
        "filter": {"namespace": namespace},
        "extract": {
            "metadata": ["k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid", "k8s.node.name"],
            "labels": [{"tag_name": "team", "key": identity.TEAM}],
        },
        "pod_association": [
            {"sources": _attributes("k8s.namespace.name", "k8s.pod.name")},
            {"sources": _attributes("k8s.pod.ip")},
            {"sources": [{"from": "connection"}]},
        ],
    }


def resource_detection() -> ResourceDetection:
    """Return what is added from the Collector's own OTEL_RESOURCE_ATTRIBUTES, to those who don't say it themselves.

    Detectors of clouds would ask addresses outside of the cluster, which policies forbid.
    """
    return {"detectors": ["env"], "override": False}


def only_resource(attributes: Sequence[str], *, instance: str) -> Transform:
    """Return what leaves of a metric's resource these attributes alone, and says which instance has counted."""
    kept = ", ".join(f'"{one}"' for one in attributes)
    return {
        "error_mode": "propagate",
        "metric_statements": [
            {
                "context": "resource",
                "statements": [
                    f"keep_keys(resource.attributes, [{kept}])",
                    f'set(resource.attributes["service.instance.id"], "{instance}")',
                ],
            }
        ],
    }


def _attributes(*names: str) -> list[AssociationSource]:
    return [{"from": "resource_attribute", "name": name} for name in names]
