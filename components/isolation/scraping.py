"""Whatever serves metrics is asked for them: rule 35 of the checklist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import sources
from .mesh_objects import is_ambient, is_labelled
from .network import policy_types
from .objects import Objects
from .observability_objects import documents
from .pods import Key, Manifest, Workload, annotations_of, key, name_of, namespace_of
from .rules import Finding, Rule
from .selectors import is_empty, selects

METRICS = "metrics"
"""What a port is called on which metrics are served."""
PROXY_PORT = 15020
"""Where a sidecar serves the metrics of its Pod beside its own; Istio's injector rewrites the annotations to it."""
SCRAPE = "prometheus.io/scrape"
SCRAPE_PORT = "prometheus.io/port"


def pods_say_where_their_metrics_are(objects: Objects) -> Iterator[Finding]:
    """A Pod with a port called metrics has the annotations by which it is found, and they name that port."""
    for workload, number in _serving(objects):
        annotations = annotations_of(workload.pod_template)
        if annotations.get(SCRAPE) != "true" or annotations.get(SCRAPE_PORT) != str(number):
            yield Finding(
                workload.manifest,
                f"{workload.pod_spec_path.removesuffix('spec')}metadata.annotations",
                f"the Pods serve metrics on port {number}, and no annotation says so: nobody asks for them",
                f"annotate the Pod template with {SCRAPE}: 'true' and {SCRAPE_PORT}: '{number}'",
            )


def metrics_are_scraped(objects: Objects) -> Iterator[Finding]:
    """Where Prometheus is rendered, or told by PodMonitors what to do, it finds and reaches every Pod with metrics."""
    scrapers = list(_scrapers(objects))
    monitors = list(objects.of_kind("PodMonitor"))
    if not scrapers and not monitors:
        return
    policies = objects.selecting("NetworkPolicy", "podSelector", absent={})
    for workload, number in _serving(objects):
        path = f"{workload.pod_spec_path.removesuffix('spec')}metadata.labels"
        own = [scraper for scraper, config in scrapers if _finds(config, workload)]
        if not own and not any(_monitors(monitor, workload) for monitor in monitors):
            yield Finding(
                workload.manifest,
                path,
                "no scrape job and no PodMonitor finds the Pods, so nobody asks for their metrics",
                "let a job discover the Pods of this namespace, or a PodMonitor select them",
            )
            continue
        port = PROXY_PORT if _has_sidecar(objects, workload) else number
        # Whose Prometheus it is that reads PodMonitors, the render doesn't say: somebody of another namespace.
        closed = [scraper for scraper in own or [None] if not _is_open(objects, policies, workload, port, scraper)]
        if closed:
            yield Finding(
                workload.manifest,
                path,
                f"no NetworkPolicy opens the way from Prometheus to port {port}, so every scrape ends in a timeout",
                "open it, for ingress here and for egress there",
            )


def _serving(objects: Objects) -> Iterator[tuple[Workload, int]]:
    """Yield each workload with metrics, and their port: one for each Pod, as the annotations have room for one."""
    for workload in objects.workloads:
        for container in workload.containers:
            number = next((one["containerPort"] for one in container.body.get("ports") or [] if _is_metrics(one)), None)
            if number is not None:
                yield workload, number
                break


def _is_metrics(port: Mapping[str, Any]) -> bool:
    return port.get("name") == METRICS


def _scrapers(objects: Objects) -> Iterator[tuple[Workload, Mapping[str, Any]]]:
    """Yield each workload that reads a configuration of Prometheus' from a rendered ConfigMap, with that."""
    found = {
        (namespace_of(config_map), name_of(config_map)): config
        for config_map, _, config in documents(objects, "scrape_configs")
    }
    for workload in objects.workloads:
        for volume in workload.pod_spec.get("volumes") or []:
            config = found.get((workload.namespace, (volume.get("configMap") or {}).get("name") or ""))
            if config is not None:
                yield workload, config


def _finds(config: Mapping[str, Any], workload: Workload) -> bool:
    """Whether a job discovers Pods where the workload's run; none named are those of all namespaces."""
    for job in config["scrape_configs"] or []:
        for discovery in job.get("kubernetes_sd_configs") or []:
            names = (discovery.get("namespaces") or {}).get("names") or [workload.namespace]
            if discovery.get("role") == "pod" and workload.namespace in names:
                return True
    return False


def _monitors(monitor: Manifest, workload: Workload) -> bool:
    spec = monitor.get("spec") or {}
    where = spec.get("namespaceSelector") or {}
    in_reach = where.get("any") or workload.namespace in (where.get("matchNames") or [namespace_of(monitor)])
    return bool(in_reach) and selects(spec.get("selector"), workload.pod_labels)


def _has_sidecar(objects: Objects, workload: Workload) -> bool:
    namespace = objects.get("Namespace", "", workload.namespace) or {}
    return is_labelled(namespace) and not is_ambient(namespace)


def _is_open(
    objects: Objects,
    policies: Mapping[Key, list[Manifest]],
    workload: Workload,
    port: int,
    scraper: Workload | None,
) -> bool:
    """Whether policies open the way in here, and, where the scraper is rendered, the way out there."""
    ingress = _rules(policies.get(key(workload.manifest)), "Ingress", "ingress")
    if scraper is None:
        return ingress is None or any(
            _carries(rule, workload, port) and _admits_strangers(rule.get("from")) for _, rule in ingress
        )
    egress = _rules(policies.get(key(scraper.manifest)), "Egress", "egress")
    return all(
        rules is None
        or any(
            _carries(rule, workload, port) and _names(objects, policy, rule.get(field), peer) for policy, rule in rules
        )
        for rules, field, peer in ((ingress, "from", scraper), (egress, "to", workload))
    )


def _rules(
    policies: Sequence[Manifest] | None, direction: str, field: str
) -> list[tuple[Manifest, Mapping[str, Any]]] | None:
    """Return what policies open in one direction; None where they don't close it."""
    closing = [policy for policy in policies or () if direction in policy_types(policy)]
    if not closing:
        return None
    return [(policy, rule) for policy in closing for rule in (policy.get("spec") or {}).get(field) or []]


def _carries(rule: Mapping[str, Any], workload: Workload, port: int) -> bool:
    """Whether a rule is for this port of the workload, by number or by name; without ports it is for all."""
    names = {
        one["name"]: one["containerPort"]
        for container in workload.containers
        for one in container.body.get("ports") or []
        if one.get("name")
    }
    return not rule.get("ports") or any(_is_port(one, names, port) for one in rule["ports"])


def _is_port(opened: Mapping[str, Any], names: Mapping[str, int], port: int) -> bool:
    if (opened.get("protocol") or "TCP") != "TCP":
        return False
    first = opened.get("port")
    if isinstance(first, str):
        return names.get(first) == port
    return first is None or first <= port <= (opened.get("endPort") or first)


def _names(objects: Objects, policy: Manifest, peers: Sequence[Mapping[str, Any]] | None, other: Workload) -> bool:
    """Whether peers include the Pods of another workload; none named are all."""
    if not peers:
        return True
    where = objects.namespace_labels(other.namespace)
    return any(
        "ipBlock" not in peer
        and (
            selects(peer["namespaceSelector"], where)
            if "namespaceSelector" in peer
            else other.namespace == namespace_of(policy)
        )
        and selects(peer.get("podSelector", {}), other.pod_labels)
        for peer in peers
    )


def _admits_strangers(peers: Sequence[Mapping[str, Any]] | None) -> bool:
    return not peers or any("namespaceSelector" in peer and not is_empty(peer["namespaceSelector"]) for peer in peers)


RULES = (
    Rule(
        number=35,
        title="Pods say where their metrics are",
        source=sources.SCRAPING,
        find=pods_say_where_their_metrics_are,
    ),
    Rule(number=35, title="metrics are scraped", source=sources.SCRAPING, find=metrics_are_scraped),
)
