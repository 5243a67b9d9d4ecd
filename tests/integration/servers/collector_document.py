"""A configuration in the Collector's format, as a cluster gets it, made to run on this machine.

Jaeger reads the same format.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from tests.integration.servers.processes import LOOPBACK, free_port

_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - what is replaced
_LISTENER: Final = re.compile(r"(?:0\.0\.0\.0|\[::\]|\$\{env:\w+\}):(\d+)")


@dataclass(kw_only=True)
class Ports:
    """A port of the cluster → the free one that stands for it here, given when it is first asked for."""

    here: dict[int, int] = field(default_factory=dict)

    def __getitem__(self, port: int) -> int:
        if port not in self.here:
            self.here[port] = free_port()
        return self.here[port]

    def address(self, port: int) -> str:
        """`127.0.0.1:` and the port here."""
        return f"{LOOPBACK}:{self[port]}"


def local(text: str, ports: Ports, replacements: Mapping[str, str]) -> str:
    """The configuration `text` with listeners on loopback, and each replacement made in every other string.

    Replacements are addresses such as `jaeger:4317` or folders such as `/var/lib/otelcol`. Fails where one is nowhere:
    the server would call or store somewhere else than the caller believes.
    """
    made: set[str] = set()
    document = _local(yaml.safe_load(text), ports, replacements, made)
    assert made == set(replacements), f"{sorted(set(replacements) - made)} is nowhere in the configuration"
    return yaml.safe_dump(document, sort_keys=False)


def _local(value: Any, ports: Ports, replacements: Mapping[str, str], made: set[str]) -> Any:
    match value:
        # Where its own metrics are scraped.
        case {"host": host, "port": int(port)} if host in _EVERYWHERE:
            return {**value, "host": LOOPBACK, "port": ports[port]}
        case dict():
            return {key: _local(below, ports, replacements, made) for key, below in value.items()}
        case list():
            return [_local(below, ports, replacements, made) for below in value]
        case str() if found := _LISTENER.fullmatch(value):
            return ports.address(int(found[1]))
        case str():
            return _replaced(value, replacements, made)
        case _:
            return value


def _replaced(text: str, replacements: Mapping[str, str], made: set[str]) -> str:
    # One pass, the longest first: no replacement is made within another's result.
    pattern = "|".join(re.escape(one) for one in sorted(replacements, key=len, reverse=True))
    made.update(re.findall(pattern, text) if pattern else ())
    return re.sub(pattern, lambda found: replacements[found[0]], text) if pattern else text
