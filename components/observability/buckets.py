"""The boundaries of latency histograms: how many requests took up to one of them is known, and no more. Pure."""

from collections.abc import Sequence
from typing import Final

APPLICATION_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 2.5, 5.0, 10.0)
"""Of the services' own histograms: docs/services.md."""
MESH_SECONDS: Final = (
    *(0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    *(30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0),
)
"""Of Istio's, which are Envoy's defaults
(https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/metrics/v3/stats.proto)."""


def nearest(seconds: float, boundaries: Sequence[float]) -> tuple[float, ...]:
    """Return the boundaries around a duration: the one below and the one above, as far as there are any."""
    below = [one for one in boundaries if one < seconds]
    above = [one for one in boundaries if one > seconds]
    return (*below[-1:], *above[:1])
