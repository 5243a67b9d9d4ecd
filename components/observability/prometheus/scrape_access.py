"""What Prometheus and kube-state-metrics may read outside their own namespace, where they read anything there."""

import msgspec
import pulumi
from lightkube.models import meta_v1, rbac_v1

from components import identity
from components.manifests import Manifest, manifest
from components.observability.arguments import ObservabilityArgs
from components.observability.exporters.certificate_metrics import CERTIFICATE_ACCESS
from components.observability.names import KUBE_STATE_METRICS, PROMETHEUS, access_name
from components.registration import register_all
from components.resources.rights import account, granted


class ScrapeAccess(pulumi.ComponentResource):
    """Rights beside those at the platform's own namespace: kubelets' metrics, and what there is at the edge.

    Only what has no namespace is granted for the whole cluster: finding nodes and asking their kubelets for metrics,
    and reading which kinds of custom resources there are.
    """

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(identity.component_type("observability", "ScrapeAccess"), name, {}, opts)
        register_all(self.manifests(name, args), parent=self)
        self.register_outputs({})

    @staticmethod
    def manifests(_name: str, args: ObservabilityArgs) -> list[Manifest]:
        """Return every object of the component, without Pulumi."""
        return scrape_access_objects(args)


def scrape_access_objects(args: ObservabilityArgs) -> list[Manifest]:
    """Build the roles and their bindings: none for whoever reads the platform's own namespace only."""
    edge = args.edge_namespace if args.mesh and args.edge_namespace != args.namespace else None
    built: list[msgspec.Struct] = []
    if args.settings.metrics.nodes:
        # `nodes/metrics` is the kubelet's /metrics and what is below it; `nodes/proxy` would let it run commands.
        nodes = [_rule("", "nodes", "list", "watch"), _rule("", "nodes/metrics", "get")]
        built += _granted(args, PROMETHEUS, None, nodes)
    for namespace in args.scraped_namespaces:
        if namespace != args.namespace:
            built += _granted(args, PROMETHEUS, namespace, [_rule("", "pods", "list", "watch")])
    if args.certificates:
        definitions = _rule("apiextensions.k8s.io", "customresourcedefinitions", "list", "watch")
        built += _granted(args, KUBE_STATE_METRICS, None, [definitions])
    if args.certificates and edge:
        access = CERTIFICATE_ACCESS
        certificates = [_rule(access.groups[0], access.resources[0], *access.verbs)]
        built += _granted(args, KUBE_STATE_METRICS, edge, certificates)
    return [manifest(model) for model in built]


def _granted(
    args: ObservabilityArgs, workload: str, namespace: str | None, rules: list[rbac_v1.PolicyRule]
) -> tuple[msgspec.Struct, msgspec.Struct]:
    """Build a role with these rules, in a namespace or for the cluster, and its binding to a workload's account."""
    agents = args.settings.logs.namespace if args.settings.logs else None
    # The engine tells objects of a component apart by kind and name.
    name = f"{access_name(args, workload)}{'-on-nodes' if namespace and namespace == agents else ''}"
    labels = identity.labels(workload, part_of=args.part_of)
    metadata = meta_v1.ObjectMeta(name=name, namespace=namespace, labels=labels)
    return granted(metadata, rules, account(workload, args.namespace))


def _rule(group: str, resource: str, *verbs: str) -> rbac_v1.PolicyRule:
    return rbac_v1.PolicyRule(apiGroups=[group], resources=[resource], verbs=list(verbs))
