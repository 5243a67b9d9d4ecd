"""A part of the platform with what it reads, alone in a namespace: what the checklist and the schemas look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from components.isolation import Violation, check
from components.manifests import Manifest
from components.specs.namespace import NamespaceSpec, Quota
from components.specs.workload import WorkloadSpec
from components.workloads.arguments import ConfigurationArgs, NamespaceArgs, WorkloadArgs
from components.workloads.objects import configuration_objects, namespace_objects, workload_objects
from tests.components.workload import valid

NAMESPACE = "shop"
_DIGESTS = 11
"""The rule of the checklist that asks for them."""


def part_objects(
    name: str,
    spec: WorkloadSpec,
    config_maps: Mapping[str, Mapping[str, str]] | None = None,
    *,
    namespace: str = NAMESPACE,
) -> list[Manifest]:
    """Return the objects of a part and its ConfigMaps. Each must satisfy the schema of its kind."""
    args = WorkloadArgs(spec=spec, namespace=namespace, part_of="shop", team="platform")
    configuration = ConfigurationArgs(namespace=namespace, part_of="shop", config_maps=config_maps or {})
    return valid([*configuration_objects(configuration), *workload_objects(name, args)])


def violations(bodies: Iterable[Manifest], *, secrets: Iterable[str] = ()) -> list[Violation]:
    """Return what these objects violate of production's checklist in a namespace of their own.

    The Secrets named come from the cluster. That an image has no digest is left out: an environment names one.
    """
    quota = Quota(cpu="8", memory="16Gi", pods=50)
    namespace = NamespaceArgs(spec=NamespaceSpec(name=NAMESPACE, quota=quota), part_of="shop")
    manifests = [*namespace_objects(namespace), *bodies]
    found = check(manifests, production=True, secrets_from_cluster=frozenset(secrets))
    return [one for one in found if one.rule != _DIGESTS]
