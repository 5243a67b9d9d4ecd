"""Logs: one line of JSON for each event, on standard output, with the ids of the current span."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from opentelemetry import trace

from recommendations import SERVICE

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
_NAMES: Final = {number: name for name, number in LEVELS.items()} | {logging.CRITICAL: "error"}


class JsonFormatter(logging.Formatter):
    """Lines of time, level, msg, service and, inside a span, trace_id and span_id, as in every language.

    docs/services.md describes them. Beside them the logger, the event's own `fields`, and an exception as error.
    """

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": _NAMES.get(record.levelno, record.levelname.lower()),
            "msg": record.getMessage(),
            "service": self._service,
        }
        # Right only because the handler writes in the task that logs: the span is that task's.
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            line |= {"trace_id": trace.format_trace_id(span.trace_id), "span_id": trace.format_span_id(span.span_id)}
        line |= {"logger": record.name, **getattr(record, "fields", {})}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def start(service: str, level: str, stream: TextIO = sys.stdout) -> None:
    """Send all events to `stream`: the service's own from `level` on, those of libraries from info on at the lowest."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(LEVELS[level], logging.INFO))
    logging.getLogger(SERVICE).setLevel(LEVELS[level])
    logging.captureWarnings(capture=True)
