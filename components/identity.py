"""Names, labels, selectors and type tokens: the one place that decides them.

Labels follow https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/.
"""

from typing import Final

DOMAIN: Final = "polyglot.dev"
RESERVED_PREFIXES: Final = ("app.kubernetes.io/", f"{DOMAIN}/")
"""Label and annotation keys that this module alone writes."""

NAME: Final = "app.kubernetes.io/name"
TEAM: Final = f"{DOMAIN}/team"
LANGUAGE: Final = f"{DOMAIN}/language"
TRACK: Final = f"{DOMAIN}/track"
VERSION: Final = f"{DOMAIN}/version"
"""The Pod annotation with the tag of its image: a label could not hold every tag."""
VERSION_FIELD: Final = f"metadata.annotations['{VERSION}']"
"""What the downward API calls it."""
STABLE: Final = "stable"
"""The track of a service that has only one version."""

MANAGER: Final = "polyglot"


def component_type(package: str, cls: str) -> str:
    """Return the Pulumi type token of a component: ``polyglot:workloads:Workload``."""
    return f"polyglot:{package}:{cls}"


def selector(name: str, *, track: str | None = None) -> dict[str, str]:
    """Return the labels that select a workload's Pods: all of them, or one version's.

    A selector can never change on a living Deployment, so it holds the name and the track and nothing else.
    """
    return {NAME: name} if track is None else {NAME: name, TRACK: track}


def labels(name: str, *, part_of: str, team: str | None = None, language: str | None = None) -> dict[str, str]:
    """Return the labels of an object: a superset of its selector."""
    chosen = {
        "app.kubernetes.io/part-of": part_of,
        "app.kubernetes.io/managed-by": MANAGER,
        TEAM: team,
        LANGUAGE: language,
    }
    return selector(name) | {key: value for key, value in chosen.items() if value is not None}


def exception_annotation(default: str) -> str:
    """Return the annotation that carries the reason for a switched-off default."""
    return f"{DOMAIN}/exception-{default}"


def checksum_annotation(kind: str, name: str) -> str:
    """Return the Pod annotation that changes when a ConfigMap or Secret does, and so rolls the Pods."""
    return f"{DOMAIN}/{f'{kind.lower()}-{name}'[:63].rstrip('-.')}"


def version_name(name: str, track: str) -> str:
    """Return the name of a version's Deployment: the service's own for the stable one."""
    return name if track == STABLE else f"{name}-{track}"


def version_service_name(service: str, track: str) -> str:
    """Return the name of the Service of one version, where routes can tell versions apart by Service alone."""
    return f"{service}-{track}"


def governing_service_name(service: str) -> str:
    """Return the name of the headless Service behind a StatefulSet, beside the one that clients use."""
    return f"{service}-pods"


def claim_name(workload: str, volume: str) -> str:
    """Return the name of the claim behind a volume of a workload that is no StatefulSet."""
    return f"{workload}-{volume}"


def scratch_volume(container: str) -> str:
    """Return the name of a container's own scratch volume; no container sees another's."""
    return f"tmp-{container}"[:63].rstrip("-")
