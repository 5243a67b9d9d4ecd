"""The values of the Helm chart for a generated service: the same facts, as a chart's user would write them."""

from __future__ import annotations

from typing import Any

from bench.catalogue import CONTENTS


def values(name: str, catalogue: dict[str, Any]) -> dict[str, Any]:
    """Return the values with which the chart renders one service of `catalogue_of_twelve`.

    What the catalogue says once, a chart's user says in every place: who calls a service stands in its own values too.
    """
    services = catalogue["services"]
    service = services[name]
    repository, _, version = service["image"].partition(":")
    tag, _, digest = version.partition("@")
    return {
        "language": service["language"],
        "image": {"repository": repository, "tag": tag, "digest": digest},
        "calls": {callee: services[callee]["ports"]["grpc"] for callee in service["calls"]},
        "callers": [caller for caller, other in services.items() if name in other["calls"]],
        **{content: catalogue["config-maps"][f"{name}-{content}"]["data"] for content in CONTENTS},
    }
