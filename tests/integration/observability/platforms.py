"""The platforms that are watched here: the committed stack `dev`, with its mesh and without one."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any, Final

from stacks.document import Document, read
from stacks.loader import CATALOGUE, PROJECT, environment_file, resolve_documents
from stacks.schema.environment import ROOT
from stacks.schema.platform import Platform

STACK: Final = "dev"
MESHED: Final = "shop-in-a-mesh"
"""The namespace of the one with a mesh."""
PLAIN: Final = "shop"
"""The namespace of the other one, whose objectives are measured by the services themselves."""


@cache
def platform(namespace: str) -> Platform:
    """The stack as it is committed, in a namespace of its own, scraped each second so that tests need not wait.

    Each tier is told by a webhook, whose key is called like the tier. An autoscaler is added, since autoscalers have
    alerts, and this stack has none. In a mesh there is Istio's part too; without one goes what needs one.
    """
    environment = _edited(environment_file(STACK), ROOT)
    here = environment.value(ROOT)
    here["namespace"] = namespace
    here["observability"]["metrics"]["scrape-interval"] = "1s"
    told = {tier: {"webhook": tier, "host": "hooks.example.com"} for tier in ("page", "ticket", "info", "watchdog")}
    here["observability"]["alerts"] |= told
    services = here.setdefault("services", {})
    services.setdefault("gateway", {})["autoscaling"] = {"min": 1, "max": 3, "cpu": "70%"}
    if namespace == PLAIN:
        del here["mesh"]
        services["gateway"].pop("rate-limits", None)
        for version in services["users"]["versions"].values():
            version.pop("match", None)
            version["weight"] = "50%"  # all that a Service can do with one Pod each
    return resolve_documents(read(PROJECT / CATALOGUE, CATALOGUE), environment)


def _edited(name: str, location: tuple[Any, ...]) -> Document:
    document = read(PROJECT / name, name)
    edited = Document(path=document.path, name=document.name, data=copy.deepcopy(document.data))
    assert isinstance(edited.value(location), dict), f"{name} has no {location}"
    return edited
