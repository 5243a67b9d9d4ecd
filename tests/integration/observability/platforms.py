"""The platforms that are watched here: the committed stack `dev` with its mesh, without one, and with production's."""

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
"""The namespace of the one with the stack's own mesh, whose sidecars count requests."""
AMBIENT: Final = "shop-behind-a-waypoint"
"""The namespace of the one with a mesh as production's, where a waypoint counts them."""
PLAIN: Final = "shop"
"""The namespace of the one without a mesh, whose services count requests themselves."""
EVERY: Final = (PLAIN, MESHED, AMBIENT)


@cache
def platform(namespace: str) -> Platform:
    """The stack as it is committed, in a namespace of its own, scraped every two seconds: tests need not wait.

    Each tier is told by a webhook, whose key is called like the tier. An autoscaler is added, since autoscalers have
    alerts, and this stack has none. What another mesh, or none, can't do goes. With production's mesh tails are
    sampled, as there; without a mesh there are neither traces nor logs.
    """
    environment = _edited(environment_file(STACK), ROOT)
    here = environment.value(ROOT)
    here["namespace"] = namespace
    here["observability"]["metrics"]["scrape-interval"] = "2s"
    here["observability"]["logs"]["namespace"] = f"{namespace}-nodes"
    told = {tier: {"webhook": tier, "host": "hooks.example.com"} for tier in ("page", "ticket", "info", "watchdog")}
    here["observability"]["alerts"] |= told
    services = here.setdefault("services", {})
    services.setdefault("gateway", {})["autoscaling"] = {"min": 1, "max": 3, "cpu": "70%"}
    if namespace != MESHED:
        services["gateway"].pop("rate-limits", None)
    if namespace == AMBIENT:
        here["mesh"] |= {"data-plane": "ambient", "routing-api": "gateway"}
        here["mesh"]["edge"]["gateway"] = "istio"
        here["observability"]["tracing"]["sampling"] = {"tail": {"rest": "10%", "wait": "1s"}}
    if namespace == PLAIN:
        del here["mesh"], here["observability"]["tracing"], here["observability"]["logs"]
        for version in services["users"]["versions"].values():
            version.pop("match", None)
            version["weight"] = "50%"  # all that a Service can do with one Pod each
    return resolve_documents(read(PROJECT / CATALOGUE, CATALOGUE), environment)


def _edited(name: str, location: tuple[Any, ...]) -> Document:
    document = read(PROJECT / name, name)
    edited = Document(path=document.path, name=document.name, data=copy.deepcopy(document.data))
    assert isinstance(edited.value(location), dict), f"{name} has no {location}"
    return edited
