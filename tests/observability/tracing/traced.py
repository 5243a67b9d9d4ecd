"""Platforms that are traced, in every way there is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from components.observability.arguments import ObservabilityArgs
from components.observability.collector.parts.document import CONFIG_FILE
from components.specs.observability.tracing import Tracing
from tests.observability.rules.platforms import OPERATOR, SERVICES, platform

IN_MEMORY: Final = {"memory": 10_000}
TAIL: Final = {"rest": "10%", "wait": "10s", "traces-per-second": 100, "spans-per-trace": 20}
VENDOR: Final = {
    "otlp": {
        "url": "https://otlp.example.com/v1/$tenant",
        "headers": {"api-key": "vendor-key", "x-tenant": "vendor.tenant"},
    }
}


def traced(
    *,
    tail: Mapping[str, Any] | None = None,
    storage: Mapping[str, Any] = IN_MEMORY,
    replicas: int = 2,
    metrics: Mapping[str, Any] | None = None,
    **more: Any,
) -> ObservabilityArgs:
    """A platform with all kinds of services, and these settings of tracing."""
    words: dict[str, Any] = {
        "storage": storage,
        "sampling": {"tail": tail} if tail else {},
        "collector": {"replicas": replicas, **more.pop("collector", {})},
        **more,
    }
    return with_tracing(platform(*SERVICES, **metrics or {}), words)


def with_tracing(args: ObservabilityArgs, words: Mapping[str, Any]) -> ObservabilityArgs:
    """The same platform, with these settings of tracing."""
    settings = args.settings.model_copy(update={"tracing": Tracing.model_validate(words)})
    return replace(args, settings=settings)


OPERATED: Final = with_tracing(OPERATOR, {"storage": IN_MEMORY, "sampling": {"tail": TAIL}})
"""Its Prometheus is an operator's."""
VARIANTS: Final[dict[str, ObservabilityArgs]] = {
    "one": traced(replicas=1),
    "several": traced(),
    "tail": traced(tail=TAIL),
    "tail-limited": traced(tail={**TAIL, "limit": 5}, replicas=3),
    "nothing-of-the-rest": traced(tail={**TAIL, "rest": "0%"}),
    "vendor": traced(storage=VENDOR),
    "vendor-tail": traced(storage=VENDOR, tail=TAIL),
    "elasticsearch": traced(storage={"elasticsearch": {"url": "https://es.example.com"}}, retention="7d"),
    "pair": traced(tail=TAIL, metrics={"replicas": 2}),
    "operated": OPERATED,
}


def document(config: Mapping[str, str]) -> dict[str, Any]:
    """A Collector's configuration, read."""
    return json.loads(config[CONFIG_FILE])
