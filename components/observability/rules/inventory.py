"""Which service a Pod, a volume or an autoscaler is of: labels for the metrics that lack them. Pure.

kube-state-metrics tells objects' labels as series: https://github.com/kubernetes/kube-state-metrics/tree/main/docs.
"""

from typing import Final

from components import identity
from components.observability.arguments import ObservabilityArgs
from components.observability.names import KUBE_STATE_METRICS, PROMETHEUS
from components.observability.rules.model import RecordingRule, RuleGroup

_VOLUMES: Final = "kube_pod_spec_volumes_persistentvolumeclaims_info"


def knows_objects(args: ObservabilityArgs) -> bool:
    """Return whether there are metrics of the cluster's objects.

    With an operator's Prometheus there are others' own, which tell no labels; that installation watches Pods itself.
    """
    return KUBE_STATE_METRICS in args.workloads


def of_prometheus(args: ObservabilityArgs) -> dict[str, str]:
    """Return the labels of alerts on Prometheus that no series of its own stands behind."""
    prometheus = args.workloads.get(PROMETHEUS)
    return {"service": PROMETHEUS, **({"team": prometheus.team} if prometheus else {})}


def inventory_rules(args: ObservabilityArgs) -> RuleGroup:
    """Return an info series for each kind of object: 1, with the labels of the object and those of its service."""
    if not knows_objects(args):
        return RuleGroup(name="inventory", rules=())
    kinds = ("pod", "deployment", "statefulset", "horizontalpodautoscaler")
    volumes = (
        f"max by (namespace, persistentvolumeclaim, service, team) ({_VOLUMES}"
        " * on (namespace, pod) group_left (service, team) pod:service:info)"
    )
    return RuleGroup(
        name="inventory",
        rules=(
            *(RecordingRule(record=f"{kind}:service:info", expression=_labelled(kind)) for kind in kinds),
            RecordingRule(record="persistentvolumeclaim:service:info", expression=volumes),
        ),
    )


def of_service(expression: str, kind: str, matcher: str = "") -> str:
    """Return a vector by namespace and object with the labels `service` and `team` added; only services that match."""
    return f"({expression}) * on (namespace, {kind}) group_left (service, team) {kind}:service:info{matcher}"


def _labelled(kind: str) -> str:
    name, team = (_metric_label(label) for label in (identity.NAME, f"{identity.DOMAIN}/team"))
    named = f'label_replace(kube_{kind}_labels{{{name}!=""}}, "service", "$1", "{name}", "(.+)")'
    return f'max by (namespace, {kind}, service, team) (label_replace({named}, "team", "$1", "{team}", "(.+)"))'


def _metric_label(label: str) -> str:
    return "label_" + "".join(letter if letter.isalnum() else "_" for letter in label)
