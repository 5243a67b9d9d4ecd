"""How the lines of a container's log file become records: operators of the Collector's ``file_log`` receiver. Pure.

https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/v0.158.0/pkg/stanza/docs/operators
"""

from typing import Any, Final

LONGEST_LINE: Final = 1024 * 1024
"""Bytes. What a runtime has cut into pieces is put together up to this size; more of it is a record of its own."""
LONGEST_TRACE: Final = 256 * 1024
"""Bytes of a stack trace: more than Loki keeps of a line helps nobody."""
MOST_LINES: Final = 2000
"""Of a stack trace; a dump of more goroutines goes on in the next record."""
PIECES_WAIT: Final = "5s"
"""For the rest of a line: a program may write half of one and think."""
TRACE_WAIT: Final = "1s"
"""For the next line of a stack trace: a program writes it in one go."""
SOURCES: Final = 10_000
"""Streams with a line that waits for its rest, before all are passed on as they are."""

_CONTINUATIONS: Final = (
    r"^\s*$",
    # Frames of Java and Python, the places of Go's, the code that Python shows.
    r"^\s",
    r"^Caused by: ",
    r"^Suppressed: ",
    # Python's first line follows the message of whoever logged it; its last one names the exception.
    r"^Traceback \(most recent call last\):",
    r"^(During handling of the above exception|The above exception was the direct cause)",
    r"^([A-Za-z_]\w*\.)*[A-Za-z_$][\w$]*(Error|Exception|Exit|Interrupt|Warning|Throwable|Failure)(: .*)?$",
    # Go: goroutines, their frames, who started them, registers.
    r"^goroutine \d+.* \[.*\]:$",
    r"^(created by |\[signal |runtime stack:)",
    r"^[^\s{\"'(]+\(.*\)$",
    r"^[a-z][a-z0-9]{1,5} +0x[0-9a-f]+$",
    # What follows the first line of a key: it must be seen as one to be taken out (redaction.py).
    r"^[A-Za-z0-9+/]{64}$",
    r"^-----END ",
)
CONTINUATION: Final = "|".join(_CONTINUATIONS)
"""What no record begins with. A line like these belongs to the one before it, of the same stream."""
CRASH: Final = r"(?m)^(Traceback \(most recent call last\):|panic: |fatal error: |Exception in thread |\s+at \S+\()"
"""What only programs in trouble print."""

_LINE: Final = r"^(?P<time>\S+) (?P<stream>stdout|stderr) (?P<tag>\S+) ?(?P<text>(?s:.*))$"
"""https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md"""
_PATH: Final = r"/(?P<namespace>[^/_]+)_(?P<pod>[^/_]+)_(?P<uid>[^/_]+)/(?P<container>[^/]+)/(?P<restarts>\d+)\.log"
_NANOSECONDS: Final = "2006-01-02T15:04:05.999999999Z07:00"
_RESOURCE: Final = {
    "namespace": "k8s.namespace.name",
    "pod": "k8s.pod.name",
    "uid": "k8s.pod.uid",
    "container": "k8s.container.name",
    "restarts": "k8s.container.restart_count",
}
_IS_TEXT: Final = 'type(body) == "string"'
_QUIETLY: Final = {"on_error": "send_quiet"}
"""What can't be read passes as it is, and no text of it gets into the agent's own log."""


def operators() -> list[dict[str, Any]]:
    """Return the operators, in order: lines made whole, JSON read, each in its own stream; nothing is thrown away.

    Both streams of a container are in one file, line by line as they came: pieces and stack traces of one must not be
    mixed with those of the other. (The Collector's own operator ``container`` knows the file only.)
    """
    return [
        {
            "id": "cri",
            "type": "regex_parser",
            "regex": _LINE,
            "parse_to": "attributes.cri",
            "timestamp": {"parse_from": "attributes.cri.time", "layout_type": "gotime", "layout": _NANOSECONDS},
            **_QUIETLY,
        },
        {
            "id": "path",
            "type": "regex_parser",
            "parse_from": 'attributes["log.file.path"]',
            "parse_to": "attributes.path",
            "regex": _PATH,
            **_QUIETLY,
        },
        *(_moved(f"attributes.path.{group}", f'resource["{name}"]') for group, name in _RESOURCE.items()),
        _moved("attributes.cri.stream", 'attributes["log.iostream"]'),
        _moved("attributes.cri.text", "body"),
        {
            "id": "stream",
            "type": "add",
            "field": "attributes.stream",
            "value": 'EXPR(attributes["log.file.path"] + " " + (attributes["log.iostream"] ?? ""))',
            **_QUIETLY,
        },
        {
            "id": "pieces",
            "type": "recombine",
            "combine_field": "body",
            "combine_with": "",
            "is_last_entry": 'not ((attributes.cri?.tag ?? "F") startsWith "P")',
            "source_identifier": "attributes.stream",
            "max_sources": SOURCES,
            "max_batch_size": 0,
            "max_unmatched_batch_size": 0,
            "max_log_size": LONGEST_LINE,
            "force_flush_period": PIECES_WAIT,
            **_QUIETLY,
        },
        {
            "id": "traces",
            "type": "recombine",
            # A line of JSON is whole, and need not wait for the next.
            "if": 'not (body startsWith "{")',
            "combine_field": "body",
            "combine_with": "\n",
            "is_first_entry": f"not (body matches `{CONTINUATION}`)",
            "source_identifier": "attributes.stream",
            "max_sources": SOURCES,
            "max_batch_size": MOST_LINES,
            "max_unmatched_batch_size": 0,
            "max_log_size": LONGEST_TRACE,
            "force_flush_period": TRACE_WAIT,
            **_QUIETLY,
        },
        *({"id": f"drop-{field}", "type": "remove", "field": f"attributes.{field}", **_QUIETLY} for field in _OWN),
        {"id": "drop-file", "type": "remove", "field": 'attributes["log.file.path"]', **_QUIETLY},
        *_fields(),
    ]


_OWN: Final = ("cri", "path", "stream")


def _fields() -> list[dict[str, Any]]:
    """Read what docs/services.md promises of each line; the body stays as the service has written it."""
    return [
        {
            "id": "json",
            "type": "json_parser",
            "if": f'{_IS_TEXT} and body startsWith "{{"',
            "parse_to": "body",
            **_QUIETLY,
        },
        {
            "id": "time",
            "type": "time_parser",
            "if": _is_text("time"),
            "parse_from": "body.time",
            "layout_type": "gotime",
            "layout": _NANOSECONDS,
            **_QUIETLY,
        },
        {
            "id": "level",
            "type": "severity_parser",
            "if": _is_text("level"),
            "parse_from": "body.level",
            "mapping": {"error": ["err"], "fatal": ["panic", "crit", "critical"], "warn": ["warning"]},
            "overwrite_text": True,
            **_QUIETLY,
        },
        {
            "id": "trace",
            "type": "trace_parser",
            "if": f"{_is_text('trace_id')} and body.trace_id matches `^[0-9a-f]{{32}}$`",
            "trace_id": {"parse_from": "body.trace_id"},
            "span_id": {"parse_from": "body.span_id"},
            **_QUIETLY,
        },
    ]


def _is_text(field: str) -> str:
    return f'type(body) == "map" and type(body.{field}) == "string"'


def _moved(source: str, target: str) -> dict[str, Any]:
    name = source.rpartition(".")[2]
    return {"id": f"move-{name}", "type": "move", "from": source, "to": target, **_QUIETLY}
