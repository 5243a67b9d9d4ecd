"""What the service takes from its environment."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from recommendations import SERVICE

LEVELS: Final = ("debug", "info", "warn", "error")
PROTOCOLS: Final = ("http/protobuf", "grpc")
SAMPLE: Final = Path(__file__).with_name("purchases.json")

T = TypeVar("T")

_DURATION: Final = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,9})?)(?P<unit>ms|s|m|h)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class InvalidSettings(ValueError):
    """The settings are wrong: starting again changes nothing. The message names every problem."""


@dataclass(frozen=True, kw_only=True)
class Tracing:
    """Where spans go. Everything else of OpenTelemetry's OTEL_* variables is read by its SDK."""

    endpoint: str | None
    """An OTLP endpoint; None: spans are made, for the ids in logs and metrics, and sent nowhere."""
    protocol: str
    """One of PROTOCOLS."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting of the service. A port of 0 lets the system choose a free one."""

    service: str
    """The service's name in logs and traces."""
    grpc_port: int
    metrics_port: int
    log_level: str
    """One of LEVELS."""
    drain_timeout: float
    """How long calls in flight may take after SIGTERM, in seconds. The platform leaves 5 s between it and SIGKILL."""
    purchases: Path
    """JSON: customer → ids of the products bought."""
    tracing: Tracing


def read(environment: Mapping[str, str]) -> Settings:
    """Read the settings; an empty variable counts as unset. Values, some of which are secrets, are in no error.

    Raises:
        InvalidSettings: at least one is malformed; the message names all of them.
    """
    problems: list[str] = []

    def setting(name: str, fallback: T, parse: Callable[[str], T], expected: str) -> T:
        text = environment.get(name, "")
        if not text:
            return fallback
        try:
            return parse(text)
        except ValueError:
            problems.append(f"{name} must be {expected}")
            return fallback

    settings = Settings(
        service=service_name(environment),
        grpc_port=setting("GRPC_PORT", 50051, _port, "a port from 0 to 65535"),
        metrics_port=setting("METRICS_PORT", 8081, _port, "a port from 0 to 65535"),
        log_level=setting("LOG_LEVEL", "info", _one_of(LEVELS), f"one of {', '.join(LEVELS)}"),
        drain_timeout=setting("DRAIN_TIMEOUT", 15.0, _seconds, "a positive duration such as 300ms, 5s or 72h"),
        purchases=setting("PURCHASES_FILE", SAMPLE, _file, "a file that can be read"),
        tracing=Tracing(
            endpoint=_endpoint(environment),
            protocol=setting(
                _protocol_variable(environment), PROTOCOLS[0], _one_of(PROTOCOLS), f"one of {', '.join(PROTOCOLS)}"
            ),
        ),
    )
    if problems:
        raise InvalidSettings("; ".join(problems))
    return settings


def service_name(environment: Mapping[str, str]) -> str:
    """Return OTEL_SERVICE_NAME, or the service's own name."""
    return environment.get("OTEL_SERVICE_NAME") or SERVICE


def _endpoint(environment: Mapping[str, str]) -> str | None:
    if environment.get("OTEL_TRACES_EXPORTER") == "none":
        return None
    traces = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return traces or environment.get("OTEL_EXPORTER_OTLP_ENDPOINT") or None


def _protocol_variable(environment: Mapping[str, str]) -> str:
    traces = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
    return traces if environment.get(traces) else "OTEL_EXPORTER_OTLP_PROTOCOL"


def _port(text: str) -> int:
    # int() alone also takes signs, spaces and underscores.
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ValueError
    return int(text)


def _seconds(text: str) -> float:
    """Read a positive duration as Go and the catalogue write it: 300ms, 15s, 1m30s."""
    parts = list(_DURATION.finditer(text))
    seconds = math.fsum(float(part["number"]) * _SECONDS[part["unit"]] for part in parts)
    if "".join(part[0] for part in parts) != text or seconds <= 0:
        raise ValueError
    return seconds


def _one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        return allowed[allowed.index(text.lower())]

    return parse


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ValueError
    return path
