"""Metrics where the cluster runs the Prometheus Operator: what its Prometheus scrapes, rules, dashboards.

Targets get the labels that the platform's own Prometheus gives them, so that rules and dashboards are the same.
"""

import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final, cast

import msgspec
import pulumi
from lightkube.models import core_v1, meta_v1, rbac_v1

from components import identity
from components.manifests import Manifest, manifest
from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards.index import config_map_name, entries
from components.observability.names import PROMETHEUS, access_name
from components.observability.operator.resources import PodMonitor, PrometheusRule, Relabeling
from components.observability.prometheus.scrape_jobs import Relabelling, pods_job
from components.observability.rules.groups import rule_files
from components.quantities import duration_text
from components.registration import register_all
from components.resources.metadata import Metadata
from components.resources.rights import account, granted

DASHBOARD_LABEL: Final = "grafana_dashboard"
"""By it the sidecar of Grafana's chart finds dashboards
(https://github.com/grafana/helm-charts/tree/main/charts/grafana#sidecar-for-dashboards)."""
FOLDER_ANNOTATION: Final = "grafana_folder"
"""Where it puts them, if told to look there."""


class OperatorMonitoring(pulumi.ComponentResource):
    """What an existing Prometheus Operator, and the Grafana beside it, are told of this platform."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(identity.component_type("observability", "OperatorMonitoring"), name, {}, opts)
        register_all(self.manifests(name, args), parent=self)
        self.register_outputs({})

    @staticmethod
    def manifests(_name: str, args: ObservabilityArgs) -> list[Manifest]:
        """Return every object of the component, without Pulumi."""
        resources = (pod_monitor(args), *prometheus_rules(args))
        rights = (one for namespace in args.scraped_namespaces for one in _discovery(args, namespace))
        models = (*rights, *_dashboards(args))
        return [*(cast("Manifest", body) for body in resources), *map(manifest, models)]


def pod_monitor(args: ObservabilityArgs) -> PodMonitor:
    """Build the one monitor of all Pods: their own annotations say whether, on which port and path they are scraped.

    Behind sidecars the annotations lead to the proxy's port, which no Pod declares; so the monitor names no port, and
    each port that a Pod does declare makes a target. Without their own labels these are one.
    """
    job = pods_job(args)
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": _metadata(args, args.part_of),
        "spec": {
            "selector": {"matchLabels": {}},
            "namespaceSelector": {"matchNames": list(args.scraped_namespaces)},
            "sampleLimit": job["sample_limit"],
            "podMetricsEndpoints": [
                {
                    "interval": duration_text(args.settings.metrics.scrape_interval),
                    "relabelings": [
                        *map(_camel_case, job["relabel_configs"]),
                        {"action": "labeldrop", "regex": "container|endpoint"},
                        {"targetLabel": "job", "replacement": job["job_name"]},
                    ],
                }
            ],
        },
    }


def prometheus_rules(args: ObservabilityArgs) -> Iterator[PrometheusRule]:
    """Yield the rules, an object a file: one with everything could grow over what the API server takes."""
    for file, text in rule_files(args).items():
        yield {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": _metadata(args, f"{args.part_of}-{PurePosixPath(file).stem}"),
            "spec": {"groups": json.loads(text)["groups"]},
        }


def _metadata(args: ObservabilityArgs, name: str) -> Metadata:
    own = identity.labels(PROMETHEUS, part_of=args.part_of)
    return {"name": name, "namespace": args.namespace, "labels": args.settings.metrics.operator_labels | own}


def _camel_case(relabeling: Relabelling) -> Relabeling:
    """Return a step as the operator spells it: ``source_labels`` is ``sourceLabels``."""
    spelt = {}
    for key, value in relabeling.items():
        first, *rest = key.split("_")
        spelt["".join((first, *(word.capitalize() for word in rest)))] = value
    return cast("Relabeling", spelt)


def _discovery(args: ObservabilityArgs, namespace: str) -> tuple[msgspec.Struct, msgspec.Struct]:
    """Let the operator's Prometheus find the Pods of a namespace; its own installation may not reach this one."""
    settings = args.settings.metrics
    metadata = meta_v1.ObjectMeta(
        # The engine tells objects of a component apart by kind and name.
        name=f"{access_name(args, 'scraped')}{_suffix(args, namespace)}",
        namespace=namespace,
        labels=identity.labels(PROMETHEUS, part_of=args.part_of),
    )
    rule = rbac_v1.PolicyRule(apiGroups=[""], resources=["pods"], verbs=["list", "watch"])
    return granted(metadata, [rule], account(settings.operator_service_account, settings.operator_namespace))


def _suffix(args: ObservabilityArgs, namespace: str) -> str:
    if namespace == args.namespace:
        return ""
    return "-at-the-edge" if namespace == args.edge_namespace else "-on-nodes"


def _dashboards(args: ObservabilityArgs) -> Iterator[core_v1.ConfigMap]:
    # Grafana's library takes a while to import, and whoever has no dashboards needs none of it.
    from components.observability.dashboards.collection import dashboard_config_maps

    data = dashboard_config_maps(args)
    for entry in entries(args):
        name = config_map_name(entry.uid)
        yield core_v1.ConfigMap(
            apiVersion="v1",
            kind="ConfigMap",
            metadata=meta_v1.ObjectMeta(
                name=name,
                namespace=args.namespace,
                labels=identity.labels(PROMETHEUS, part_of=args.part_of) | {DASHBOARD_LABEL: "1"},
                annotations={FOLDER_ANNOTATION: entry.folder.value},
            ),
            data=data[name],
        )
