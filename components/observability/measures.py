"""How services measure the requests that they answer, by interface (docs/services.md). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from components.observability.arguments import Interface
from components.observability.thresholds import RPC_FAULT


@dataclass(frozen=True, kw_only=True)
class Measure:
    """An interface's histogram of durations."""

    histogram: str
    """Its name, without ``_bucket``, ``_count``, ``_sum``."""
    result: str
    """The label that says how a request ended."""
    fault: str
    """Matches the requests that failed by the service's own fault."""


MEASURES: Final[Mapping[Interface, Measure]] = {
    Interface.HTTP: Measure(histogram="http_server_request_duration_seconds", result="code", fault='code=~"5.."'),
    Interface.RPC: Measure(histogram="rpc_server_duration_seconds", result="code", fault=f'code=~"{RPC_FAULT}"'),
    Interface.MESSAGING: Measure(
        histogram="messaging_process_duration_seconds", result="outcome", fault='outcome="dead_lettered"'
    ),
}
