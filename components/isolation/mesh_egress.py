"""What proxies let out: rule 22 of the checklist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import sources
from .mesh_objects import application_namespaces, is_ambient, istio_objects
from .objects import Objects
from .pods import Manifest, Workload, name_of, namespace_of
from .rules import Finding, Rule
from .selectors import match_labels

_REGISTRY_ONLY = "REGISTRY_ONLY"


def proxies_let_out_what_is_declared(objects: Objects) -> Iterator[Finding]:
    """With sidecars, each Pod has a Sidecar, in mode REGISTRY_ONLY; in ambient mode NetworkPolicies do it alone."""
    with_sidecars = {name_of(one) for one in application_namespaces(objects) if not is_ambient(one)}
    sidecars = list(istio_objects(objects, "Sidecar"))
    for workload in objects.workloads:
        if workload.namespace in with_sidecars and not _scopes(sidecars, workload):
            yield Finding(
                workload.manifest,
                f"{workload.pod_spec_path.removesuffix('spec')}metadata.labels",
                "no Sidecar selects the Pods, so their proxies know every host, and let out what they don't know",
                f"add a Sidecar with its calls and outboundTrafficPolicy.mode: {_REGISTRY_ONLY}",
            )
    for sidecar in sidecars:
        mode = ((sidecar.get("spec") or {}).get("outboundTrafficPolicy") or {}).get("mode")
        if mode != _REGISTRY_ONLY:
            yield Finding(
                sidecar,
                "spec.outboundTrafficPolicy.mode",
                f"with {mode or 'the mesh-wide mode'} requests for hosts that nobody has declared get out",
                f"set {_REGISTRY_ONLY}",
            )


def scopes_name_hosts(objects: Objects) -> Iterator[Finding]:
    """No Sidecar lets in every host of its own namespace or of all, and no ServiceEntry stands for a whole domain."""
    for sidecar in istio_objects(objects, "Sidecar"):
        everywhere = {"*", ".", namespace_of(sidecar)}
        for index, listener in enumerate((sidecar.get("spec") or {}).get("egress") or []):
            for position, host in enumerate(listener.get("hosts") or []):
                namespace, _, name = host.partition("/")
                if namespace == "*" or (name == "*" and namespace in everywhere):
                    yield Finding(
                        sidecar,
                        f"spec.egress[{index}].hosts[{position}]",
                        f"{host} lets in more than is called, so undeclared calls go unseen and proxies grow",
                        "name the hosts that are called",
                    )
    for entry in istio_objects(objects, "ServiceEntry"):
        for position, host in enumerate((entry.get("spec") or {}).get("hosts") or []):
            if "*" in host:
                yield Finding(
                    entry,
                    f"spec.hosts[{position}]",
                    f"{host} opens names that others may register",
                    "name each host that is called",
                )


def _scopes(sidecars: list[Manifest], workload: Workload) -> list[Manifest]:
    return [
        sidecar
        for sidecar in sidecars
        if namespace_of(sidecar) == workload.namespace and _selects(sidecar.get("spec") or {}, workload)
    ]


def _selects(spec: Mapping[str, Any], workload: Workload) -> bool:
    labels = (spec.get("workloadSelector") or {}).get("labels") or {}
    return match_labels(labels, workload.pod_labels)


RULES = (
    Rule(
        number=22,
        title="proxies let out what is declared",
        source=sources.EGRESS_CONTROL,
        find=proxies_let_out_what_is_declared,
    ),
    Rule(number=22, title="scopes name hosts", source=sources.EGRESS_CONTROL, find=scopes_name_hosts),
)
