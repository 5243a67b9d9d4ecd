"""Numbers as people read them, in Grafana's units."""

from __future__ import annotations

from typing import Final

_SUFFIXES: Final = {"reqps": " req/s", "ops": " ops/s", "cps": " c/s", "mps": " msg/s"}
_DECIMAL: Final = ((1e9, " Bil"), (1e6, " Mil"), (1e3, " K"))
_BINARY: Final = ((2**30, " GiB"), (2**20, " MiB"), (2**10, " KiB"), (1, " B"))
_TIME: Final = ((86400, " d"), (3600, " h"), (60, " min"), (1, " s"), (1e-3, " ms"), (1e-6, " µs"))


def readable(value: float, unit: str) -> str:
    """A value in one of the units that our dashboards use; ValueError for another one."""
    match unit:
        case "percentunit":
            return f"{value * 100:.4g} %"
        case "s":
            return _scaled(value, _TIME)
        case "bytes":
            return _scaled(value, _BINARY)
        case "binBps":
            return f"{_scaled(value, _BINARY)}/s"
        case "short":
            return _scaled(value, _DECIMAL)
        case unit if unit in _SUFFIXES:
            return _scaled(value, _DECIMAL) + _SUFFIXES[unit]
        case unit if unit.startswith("suffix:"):
            return f"{value:.3g}{unit.removeprefix('suffix:')}"
        case _:
            raise ValueError(f"no words for the unit {unit!r}")


def _scaled(value: float, steps: tuple[tuple[float, str], ...]) -> str:
    for size, name in steps:
        if abs(value) >= size:
            return f"{value / size:.3g}{name}"
    return f"{value:.3g}"
