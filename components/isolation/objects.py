"""A whole render, indexed: objects by kind, the Pods that workloads make, and what selects them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from .pods import POD_TEMPLATE_PATHS, Container, Key, Manifest, Workload, key, kind_of, labels_of, namespace_of
from .selectors import Labels, is_empty, match_labels, selects

_NAMESPACE_NAME = "kubernetes.io/metadata.name"

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class Objects:
    """A whole render. `secrets_from_cluster` names the Secrets that something else puts into its namespaces."""

    manifests: tuple[Manifest, ...]
    secrets_from_cluster: frozenset[str] = frozenset()

    def of_kind(self, *kinds: str) -> Iterator[Manifest]:
        """The objects of these kinds, in the order of the render."""
        for kind in kinds:
            yield from self._by_kind.get(kind, ())

    def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """The object of that name, or None."""
        return self._by_name.get((kind, namespace, name))

    def in_namespace(self, kind: str, namespace: str) -> tuple[Manifest, ...]:
        """The objects of one kind in one namespace."""
        return tuple(self._by_namespace.get((kind, namespace), ()))

    def namespace_labels(self, name: str) -> Labels:
        """A namespace's labels, with the one that the API server gives it; that one alone where it isn't rendered."""
        return {**labels_of(self.get("Namespace", "", name) or {}), _NAMESPACE_NAME: name}

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """Every object that makes Pods."""
        return tuple(Workload(manifest) for manifest in self.of_kind(*POD_TEMPLATE_PATHS))

    def containers(self) -> Iterator[tuple[Workload, Container]]:
        """Every container of every workload, init containers and sidecars included."""
        for workload in self.workloads:
            for container in workload.containers:
                yield workload, container

    def volumes(self) -> Iterator[tuple[Workload, int, Manifest]]:
        """Every volume of every workload, with its position in the Pod."""
        for workload in self.workloads:
            for position, volume in enumerate(workload.pod_spec.get("volumes") or []):
                yield workload, position, volume

    def selected_by(self, namespace: str, selector: Manifest | None) -> tuple[Workload, ...]:
        """The workloads in one namespace whose Pods a LabelSelector matches."""
        if is_empty(selector):
            return tuple(self._workloads_in.get(namespace, ()))
        candidates = self._candidates(namespace, (selector or {}).get("matchLabels") or {})
        return tuple(workload for workload in candidates if selects(selector, workload.pod_labels))

    def selected_by_service(self, service: Manifest) -> tuple[Workload, ...]:
        """The workloads whose Pods a Service sends traffic to; a Service without a selector has none."""
        wanted = (service.get("spec") or {}).get("selector") or {}
        if not wanted:
            return ()
        candidates = self._candidates(namespace_of(service), wanted)
        return tuple(workload for workload in candidates if match_labels(wanted, workload.pod_labels))

    def selecting(
        self, kind: str, selector_field: str, *, absent: Manifest | None = None
    ) -> Mapping[Key, list[Manifest]]:
        """For each workload's `key`, the objects whose LabelSelector in `spec.<selector_field>` matches its Pods.

        `absent` is what an object without that field selects by.
        """
        found: dict[Key, list[Manifest]] = defaultdict(list)
        for manifest in self.of_kind(kind):
            selector = (manifest.get("spec") or {}).get(selector_field)
            for workload in self.selected_by(namespace_of(manifest), absent if selector is None else selector):
                found[key(workload.manifest)].append(manifest)
        return found

    def _candidates(self, namespace: str, wanted: Labels) -> Iterable[Workload]:
        """Few enough workloads to try: those with the rarest wanted label, so that big renders stay linear."""
        if not wanted:
            return self._workloads_in.get(namespace, ())
        return min((self._by_label.get((namespace, *pair), []) for pair in wanted.items()), key=len)

    @cached_property
    def _by_kind(self) -> Mapping[str, list[Manifest]]:
        return _grouped((kind_of(manifest), manifest) for manifest in self.manifests)

    @cached_property
    def _by_namespace(self) -> Mapping[tuple[str, str], list[Manifest]]:
        return _grouped(((kind_of(manifest), namespace_of(manifest)), manifest) for manifest in self.manifests)

    @cached_property
    def _by_name(self) -> Mapping[Key, Manifest]:
        return {key(manifest): manifest for manifest in self.manifests}

    @cached_property
    def _workloads_in(self) -> Mapping[str, list[Workload]]:
        return _grouped((workload.namespace, workload) for workload in self.workloads)

    @cached_property
    def _by_label(self) -> Mapping[tuple[str, str, str], list[Workload]]:
        return _grouped(
            ((workload.namespace, *pair), workload)
            for workload in self.workloads
            for pair in workload.pod_labels.items()
        )


def _grouped(pairs: Iterable[tuple[K, V]]) -> Mapping[K, list[V]]:
    groups: dict[K, list[V]] = defaultdict(list)
    for group, member in pairs:
        groups[group].append(member)
    return groups
