"""Who a Pod is, and what it knows: rules 8 to 10 of the checklist."""

from __future__ import annotations

from collections.abc import Iterator

from components.hardening import HardenedDefault
from components.identity import exception_annotation

from . import sources
from .objects import Objects
from .pods import POD_TEMPLATE_PATHS, Container, Manifest, Workload, annotations_of, kind_of, pod_template_of
from .rules import Finding, Rule
from .secret_text import is_secret_literal, reveals_a_secret


def has_its_own_service_account(objects: Objects) -> Iterator[Finding]:
    """Pods name a ServiceAccount, and not the namespace's shared `default`; rule 30 sees to it that it exists."""
    for workload in objects.workloads:
        name = workload.pod_spec.get("serviceAccountName")
        if name in (None, "", "default"):
            yield Finding(
                workload.manifest,
                f"{workload.pod_spec_path}.serviceAccountName",
                "the Pod shares the ServiceAccount default, so no right and no policy can tell it from its neighbours",
                "add a ServiceAccount of the workload's name and set serviceAccountName",
            )


def api_token_stays_away(objects: Objects) -> Iterator[Finding]:
    """No token for the Kubernetes API: neither mounted automatically nor projected without an audience."""
    for workload in objects.workloads:
        spec = workload.pod_spec
        mounted = spec.get("automountServiceAccountToken")
        if mounted is None:
            account = (
                objects.get("ServiceAccount", workload.namespace, spec.get("serviceAccountName") or "default") or {}
            )
            mounted = account.get("automountServiceAccountToken")
        if mounted is not False:
            yield Finding(
                workload.manifest,
                f"{workload.pod_spec_path}.automountServiceAccountToken",
                "the Pod carries a token for the Kubernetes API, which whoever breaks into it can use",
                "set automountServiceAccountToken: false",
            )
        for position, volume in enumerate(spec.get("volumes") or []):
            for source in (volume.get("projected") or {}).get("sources") or []:
                if "serviceAccountToken" in source and not (source["serviceAccountToken"] or {}).get("audience"):
                    yield Finding(
                        workload.manifest,
                        f"{workload.pod_spec_path}.volumes[{position}].projected.sources",
                        f"volume {volume.get('name')} carries a token for the Kubernetes API",
                        "name the audience that the token is for, or drop the source",
                    )


def roles_have_no_wildcards(objects: Objects) -> Iterator[Finding]:
    """Roles name the groups, resources, verbs and paths that they allow."""
    for role in objects.of_kind("Role", "ClusterRole"):
        for position, rule in enumerate(role.get("rules") or []):
            for field in ("apiGroups", "resources", "verbs", "nonResourceURLs"):
                if any(value == "*" or value.startswith(("*/", "/*")) for value in rule.get(field) or []):
                    yield Finding(
                        role,
                        f"rules[{position}].{field}",
                        "a wildcard allows what nobody has thought of, and what the next version of Kubernetes adds",
                        f"list the {field} that are used",
                    )


def nobody_is_cluster_admin(objects: Objects) -> Iterator[Finding]:
    """No binding to the ClusterRole `cluster-admin`."""
    for binding in objects.of_kind("RoleBinding", "ClusterRoleBinding"):
        reference = binding.get("roleRef") or {}
        if reference.get("kind") == "ClusterRole" and reference.get("name") == "cluster-admin":
            yield Finding(
                binding,
                "roleRef.name",
                "its subjects may do everything, to every object and every Secret",
                "bind a Role that lists what they need",
            )


def no_secret_stands_in_plain_text(objects: Objects) -> Iterator[Finding]:
    """No secret literal in variables, arguments, annotations and ConfigMaps. Messages never quote values."""
    for workload, container in objects.containers():
        yield from _secrets_in_environment(workload, container)
        yield from _secrets_in_arguments(workload, container)
    for manifest in objects.manifests:
        yield from _secrets_in_annotations(manifest)
    for config_map in objects.of_kind("ConfigMap"):
        for key, value in (config_map.get("data") or {}).items():
            if is_secret_literal(key, value) or reveals_a_secret(value, assignments=True):
                yield _plain_text(config_map, f"data.{key}", f"key {key}")


def _secrets_in_annotations(manifest: Manifest) -> Iterator[Finding]:
    bearers = {"metadata": manifest}
    template = pod_template_of(manifest)
    if template is not None and template is not manifest:
        bearers[f"{'.'.join(POD_TEMPLATE_PATHS[kind_of(manifest)])}.metadata"] = template
    for path, bearer in bearers.items():
        for key, value in annotations_of(bearer).items():
            # The reason for a service account's token stands under a key that ends in a word for a secret.
            by_name = not key.startswith(exception_annotation("")) and is_secret_literal(key, value)
            if by_name or reveals_a_secret(value):
                yield _plain_text(manifest, f"{path}.annotations.{key}", f"annotation {key}")


def _secrets_in_environment(workload: Workload, container: Container) -> Iterator[Finding]:
    for position, variable in enumerate(container.body.get("env") or []):
        name, value = variable.get("name") or "", variable.get("value")
        if is_secret_literal(name, value) or reveals_a_secret(value):
            yield _plain_text(workload.manifest, f"{container.path}.env[{position}].value", f"variable {name}")


def _secrets_in_arguments(workload: Workload, container: Container) -> Iterator[Finding]:
    for field in ("command", "args"):
        arguments = container.body.get(field) or []
        for position, argument in enumerate(arguments):
            if not isinstance(argument, str):
                continue
            option, equals, value = argument.partition("=")
            if not equals and option.startswith("-") and position + 1 < len(arguments):
                following = arguments[position + 1]
                value = "" if str(following).startswith("-") else following
            if (option.startswith("-") and is_secret_literal(option, value)) or reveals_a_secret(argument):
                yield _plain_text(
                    workload.manifest, f"{container.path}.{field}[{position}]", f"argument {position + 1}"
                )


def _plain_text(manifest: Manifest, path: str, what: str) -> Finding:
    return Finding(
        manifest,
        path,
        f"{what} holds a secret in plain text, for all who may read the object",
        "keep the value in a Secret and refer to it by secretKeyRef or a volume",
    )


RULES = (
    Rule(
        number=8,
        title="Pods have a ServiceAccount of their own",
        source=sources.SERVICE_ACCOUNTS,
        find=has_its_own_service_account,
    ),
    Rule(
        number=8,
        title="Pods carry no token for the Kubernetes API",
        source=sources.CIS_BENCHMARK,
        find=api_token_stays_away,
        relaxation=HardenedDefault.SERVICE_ACCOUNT_TOKEN,
    ),
    Rule(number=9, title="roles have no wildcards", source=sources.RBAC_GOOD_PRACTICE, find=roles_have_no_wildcards),
    Rule(number=9, title="nobody is cluster-admin", source=sources.RBAC_GOOD_PRACTICE, find=nobody_is_cluster_admin),
    Rule(
        number=10,
        title="no secret stands in plain text",
        source=sources.SECRETS_GOOD_PRACTICE,
        find=no_secret_stands_in_plain_text,
    ),
)
