"""Whatever refers to something else finds it: rule 30 of the checklist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import sources
from .mesh_objects import is_gateway_selector
from .objects import Objects
from .pod_references import Reference, references_of
from .pods import Container, ContainerRole, Manifest, Workload, name_of, namespace_of
from .rules import Finding, Rule
from .selectors import is_empty, selects

_BUILT_IN_ROLES = {("Role", "kube-system", "extension-apiserver-authentication-reader")}
"""What API servers of others are bound to (https://kubernetes.io/docs/reference/access-authn-authz/rbac/)."""


def pods_find_what_they_name(objects: Objects) -> Iterator[Finding]:
    """The ConfigMaps, Secrets (and keys in them), claims and ServiceAccounts that Pods need are part of the render."""
    for workload in objects.workloads:
        for reference in references_of(workload):
            if problem := _unresolved(objects, workload.namespace, reference):
                yield Finding(workload.manifest, reference.path, f"{problem}: no Pod starts", _add(reference))
        volumes = {volume.get("name") for volume in workload.pod_spec.get("volumes") or []}
        claims = (workload.manifest.get("spec") or {}).get("volumeClaimTemplates") or []
        volumes |= {name_of(claim) for claim in claims}
        for container in workload.containers:
            for position, mount in enumerate(container.body.get("volumeMounts") or []):
                if mount.get("name") not in volumes:
                    yield Finding(
                        workload.manifest,
                        f"{container.path}.volumeMounts[{position}].name",
                        f"there is no volume {mount.get('name')}, so the API server refuses the Pod",
                        f"add the volume, or name one that exists ({', '.join(sorted(map(str, volumes))) or 'none'})",
                    )


def probes_find_their_ports(objects: Objects) -> Iterator[Finding]:
    """A port that a probe or hook names is a port of its own container."""
    for workload, container in objects.containers():
        hooks = container.body.get("lifecycle") or {}
        handlers = {
            **{field: container.body.get(field) for field in ("startupProbe", "livenessProbe", "readinessProbe")},
            **{f"lifecycle.{field}": hooks.get(field) for field in ("postStart", "preStop")},
        }
        for field, handler in handlers.items():
            for action in ("httpGet", "tcpSocket"):
                port = ((handler or {}).get(action) or {}).get("port")
                if isinstance(port, str) and not port.isdigit() and port not in container.port_names:
                    yield _no_such_port(
                        workload.manifest, f"{container.path}.{field}.{action}.port", port, container.port_names
                    )


def services_find_their_pods(objects: Objects) -> Iterator[Finding]:
    """A Service's selector matches Pods, and they all have the ports that it names."""
    for service in objects.of_kind("Service"):
        spec = service.get("spec") or {}
        if not spec.get("selector") or spec.get("type") == "ExternalName":
            continue
        workloads = objects.selected_by_service(service)
        if not workloads:
            yield _selects_nothing(service, "spec.selector", "every request to it fails")
        for position, port in enumerate(spec.get("ports") or []):
            yield from _missing_ports(service, f"spec.ports[{position}].targetPort", port.get("targetPort"), workloads)


def autoscalers_find_their_workloads(objects: Objects) -> Iterator[Finding]:
    """A HorizontalPodAutoscaler's target is rendered, in the same namespace and API version."""
    for autoscaler in objects.of_kind("HorizontalPodAutoscaler"):
        target = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
        kind, name = target.get("kind") or "", target.get("name") or ""
        found = objects.get(kind, namespace_of(autoscaler), name)
        if found is None or found.get("apiVersion") != target.get("apiVersion"):
            yield Finding(
                autoscaler,
                "spec.scaleTargetRef",
                f"there is no {target.get('apiVersion')} {kind} {name} in its namespace, so nothing is scaled",
                "name a rendered workload's apiVersion, kind and name",
            )


def budgets_find_their_pods(objects: Objects) -> Iterator[Finding]:
    """A PodDisruptionBudget's selector matches Pods."""
    for budget in objects.of_kind("PodDisruptionBudget"):
        if not objects.selected_by(namespace_of(budget), (budget.get("spec") or {}).get("selector")):
            yield _selects_nothing(budget, "spec.selector", "it protects nothing")


def policies_find_their_pods(objects: Objects) -> Iterator[Finding]:
    """A NetworkPolicy's podSelector matches Pods, and they all have the ports that its ingress names."""
    for policy in objects.of_kind("NetworkPolicy"):
        spec = policy.get("spec") or {}
        selector = spec.get("podSelector") or {}
        if is_empty(selector):
            continue
        selected = objects.selected_by(namespace_of(policy), selector)
        if not selected and not is_gateway_selector(objects, namespace_of(policy), selector):
            yield _selects_nothing(policy, "spec.podSelector", "it protects nothing")
        for rule_position, rule in enumerate(spec.get("ingress") or []):
            for position, port in enumerate(rule.get("ports") or []):
                path = f"spec.ingress[{rule_position}].ports[{position}].port"
                yield from _missing_ports(policy, path, port.get("port"), selected)


def policies_find_their_peers(objects: Objects) -> Iterator[Finding]:
    """A NetworkPolicy's peers match Pods, where their namespace is rendered; other namespaces are taken on trust."""
    for policy in objects.of_kind("NetworkPolicy"):
        for direction, field in (("ingress", "from"), ("egress", "to")):
            for rule_position, rule in enumerate((policy.get("spec") or {}).get(direction) or []):
                for position, peer in enumerate(rule.get(field) or []):
                    if not _peer_exists(objects, policy, peer):
                        path = f"spec.{direction}[{rule_position}].{field}[{position}].podSelector"
                        yield _selects_nothing(policy, path, "the connection that it is meant to allow stays closed")


def stateful_sets_find_their_services(objects: Objects) -> Iterator[Finding]:
    """The Service that gives a StatefulSet's Pods their names is rendered."""
    for stateful_set in objects.of_kind("StatefulSet"):
        name = (stateful_set.get("spec") or {}).get("serviceName")
        if name and objects.get("Service", namespace_of(stateful_set), name) is None:
            yield Finding(
                stateful_set,
                "spec.serviceName",
                f"there is no Service {name} in its namespace, so its Pods have no names in DNS",
                f"add a headless Service {name}",
            )


def bindings_find_their_roles(objects: Objects) -> Iterator[Finding]:
    """A RoleBinding's Role and (in rendered namespaces) its ServiceAccounts exist; ClusterRoles may be built in."""
    for binding in objects.of_kind("RoleBinding", "ClusterRoleBinding"):
        role = binding.get("roleRef") or {}
        key = "Role", namespace_of(binding), role.get("name") or ""
        if role.get("kind") == "Role" and key not in _BUILT_IN_ROLES and objects.get(*key) is None:
            yield Finding(
                binding,
                "roleRef.name",
                f"there is no Role {role.get('name')} in its namespace, so it grants nothing",
                "add the Role",
            )
        for position, subject in enumerate(binding.get("subjects") or []):
            namespace, name = subject.get("namespace") or namespace_of(binding), subject.get("name") or ""
            is_rendered = (
                subject.get("kind") == "ServiceAccount" and objects.get("Namespace", "", namespace) is not None
            )
            if is_rendered and name != "default" and objects.get("ServiceAccount", namespace, name) is None:
                yield Finding(
                    binding,
                    f"subjects[{position}].name",
                    f"there is no ServiceAccount {name} in namespace {namespace}, so whoever makes one gets its rights",
                    "add the ServiceAccount, or drop the subject",
                )


def _unresolved(objects: Objects, namespace: str, reference: Reference) -> str | None:
    """What is missing for a reference, or None."""
    if reference.kind == "Secret" and reference.name in objects.secrets_from_cluster:
        return None
    if (reference.kind, reference.name) == ("ServiceAccount", "default"):
        return None
    target = objects.get(reference.kind, namespace, reference.name)
    if target is None and reference.kind == "Secret" and _is_issued(objects, namespace, reference.name):
        return None
    if target is None:
        return f"there is no {reference.kind} {reference.name} in namespace {namespace or 'default'}"
    if reference.key is None or reference.key in _data_keys(target):
        return None
    return f"{reference.kind} {reference.name} has no key {reference.key}"


def _is_issued(objects: Objects, namespace: str, secret: str) -> bool:
    """Whether cert-manager makes a Secret, as a rendered Certificate asks it to."""
    certificates = objects.in_namespace("Certificate", namespace)
    return any((one.get("spec") or {}).get("secretName") == secret for one in certificates)


def _data_keys(target: Manifest) -> frozenset[str]:
    parts = (target.get(field) for field in ("data", "stringData", "binaryData"))
    return frozenset(key for part in parts if isinstance(part, Mapping) for key in part)


def _add(reference: Reference) -> str:
    if reference.kind == "Secret":
        return "add it to the render, or say that the cluster provides it (secrets_from_cluster), or mark it optional"
    return "add it to the render, or mark it optional where that is possible"


def _peer_exists(objects: Objects, policy: Manifest, peer: Mapping[str, Any]) -> bool:
    """Whether a peer's Pods are rendered, or in a namespace that is not."""
    if "podSelector" not in peer or is_empty(peer["podSelector"]):
        return True
    namespaces = [namespace_of(policy)]
    if "namespaceSelector" in peer:
        if is_empty(peer["namespaceSelector"]):
            return True
        namespaces = [
            name_of(namespace)
            for namespace in objects.of_kind("Namespace")
            if selects(peer["namespaceSelector"], objects.namespace_labels(name_of(namespace)))
        ]
    wanted = peer["podSelector"]
    return not namespaces or any(
        objects.selected_by(namespace, wanted) or is_gateway_selector(objects, namespace, wanted)
        for namespace in namespaces
    )


def _missing_ports(manifest: Manifest, path: str, port: object, workloads: tuple[Workload, ...]) -> Iterator[Finding]:
    if not isinstance(port, str) or port.isdigit():
        return
    for workload in workloads:
        names = frozenset[str]().union(
            *(container.port_names for container in workload.containers if _listens(container))
        )
        if port not in names:
            yield _no_such_port(manifest, path, port, names, f" of {workload.kind} {name_of(workload.manifest)}")


def _listens(container: Container) -> bool:
    return container.role is not ContainerRole.INIT


def _no_such_port(manifest: Manifest, path: str, port: str, names: frozenset[str], owner: str = "") -> Finding:
    known = ", ".join(sorted(names)) or "none"
    return Finding(
        manifest,
        path,
        f"no container port{owner} is named {port}, so it leads nowhere",
        f"name a declared port ({known})",
    )


def _selects_nothing(manifest: Manifest, path: str, consequence: str) -> Finding:
    return Finding(
        manifest,
        path,
        f"it matches the Pods of no rendered workload, so {consequence}",
        "use a workload's selector labels",
    )


RULES = tuple(
    Rule(number=30, title=title, source=sources.SELECTORS, find=find)
    for title, find in (
        ("Pods find what they name", pods_find_what_they_name),
        ("probes find their ports", probes_find_their_ports),
        ("Services find their Pods", services_find_their_pods),
        ("autoscalers find their workloads", autoscalers_find_their_workloads),
        ("budgets find their Pods", budgets_find_their_pods),
        ("policies find their Pods", policies_find_their_pods),
        ("policies find their peers", policies_find_their_peers),
        ("StatefulSets find their Services", stateful_sets_find_their_services),
        ("bindings find their roles", bindings_find_their_roles),
    )
)
