"""What the platform gives each service: the variables and probes of the stack `local`, as it renders them.

So the services run here with what they get in a cluster, and a variable that one side renames fails these tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from stacks.assembly import render
from stacks.loader import validate

STACK = "local"


@dataclass(frozen=True, kw_only=True)
class Container:
    """A service's container as the stack renders it."""

    values: Mapping[str, str]
    """Variable → value."""
    secrets: frozenset[str]
    """Variables whose values come from Secrets."""
    ports: Mapping[str, int]
    """Port name → number."""
    probes: Mapping[str, Mapping[str, Any]]
    """readinessProbe, livenessProbe, startupProbe: those that the platform sends."""
    grace: float
    """Seconds from SIGTERM to SIGKILL: the Pod's grace period less the sleep that comes before SIGTERM."""

    def environment(self, here: Mapping[str, str]) -> dict[str, str]:
        """The variables, with the values that hold on this machine in place of the cluster's."""
        assert here.keys() <= self.values.keys() | self.secrets, (
            f"the platform gives no {sorted(here.keys() - self.values.keys() - self.secrets)}: who reads it?"
        )
        assert self.secrets <= here.keys(), f"nothing stands in for the Secrets of {sorted(self.secrets - here.keys())}"
        return {**self.values, **here}


@cache
def containers() -> dict[str, Container]:
    """Service → its container."""
    found = {}
    for manifest in render(validate(STACK)):
        if manifest["kind"] == "Deployment":
            body: Any = manifest
            name = body["metadata"]["name"]
            pod = body["spec"]["template"]["spec"]
            (own,) = [one for one in pod["containers"] if one["name"] == name]
            variables = own.get("env", [])
            found[name] = Container(
                values={one["name"]: one["value"] for one in variables if "value" in one},
                secrets=frozenset(one["name"] for one in variables if "secretKeyRef" in one.get("valueFrom", {})),
                ports={port["name"]: port["containerPort"] for port in own.get("ports", [])},
                probes={key: own[key] for key in ("startupProbe", "readinessProbe", "livenessProbe") if key in own},
                grace=pod["terminationGracePeriodSeconds"] - own["lifecycle"]["preStop"]["sleep"]["seconds"],
            )
    return found
