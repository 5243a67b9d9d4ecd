"""Streams of events: what they keep, who publishes, who consumes."""

import re
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, WithJsonSchema

from components.scalars import matching
from components.specs.base import Spec
from components.units import Duration, Memory

_STREAM: Final = "[A-Z][A-Z0-9_-]{0,30}"
_WORD: Final = r"([A-Za-z0-9_-]+|\*)"
_PUBLISHED: Final = rf"{_STREAM}/[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"
_SUBJECT: Final = rf"(>|{_WORD}(\.{_WORD})*(\.>)?)"

StreamName = Annotated[
    str,
    matching(
        re.compile(_STREAM),
        "a stream name",
        "it could be taken for a subject, or NATS refuses it",
        "use at most 31 upper-case letters, digits, '-' and '_', starting with a letter, e.g. ORDERS",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_STREAM}$"}),
]
"""A JetStream stream: upper case, so that nobody takes it for one of its subjects."""
Subject = Annotated[
    str,
    matching(
        re.compile(_SUBJECT),
        "a NATS subject",
        "NATS refuses the stream",
        "join tokens of letters, digits, '-' and '_' by dots; '*' is any one token, '>' at the end all that follow, "
        "e.g. order.created, order.*",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_SUBJECT}$", "examples": ["order.created", "order.*"]}),
]
"""A NATS subject; ``*`` stands for one token, ``>`` for all that follow
(https://docs.nats.io/nats-concepts/subjects)."""
StreamSubject = Annotated[
    str,
    matching(
        re.compile(f"{_STREAM}/{_SUBJECT}"),
        "STREAM/subject",
        "nobody could tell which stream keeps these messages",
        "write e.g. ORDERS/order.created",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_STREAM}/{_SUBJECT}$", "examples": ["ORDERS/order.created"]}),
]
"""A stream and one of its subjects: ``ORDERS/order.created``."""
PublishedSubject = Annotated[
    str,
    matching(
        re.compile(_PUBLISHED),
        "STREAM/subject without wildcards",
        "a message has exactly one subject: NATS refuses to publish to a pattern",
        "write e.g. ORDERS/order.created, one entry for each subject",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_PUBLISHED}$", "examples": ["ORDERS/order.created"]}),
]
"""A stream and the subject of one kind of message."""


class Consumer(Spec):
    """How a service consumes a subject of a stream (https://docs.nats.io/nats-concepts/jetstream/consumers)."""

    ack_wait: Duration = Field(timedelta(seconds=30), description="Until an unacknowledged message is delivered again.")
    max_deliver: int = Field(3, ge=1, description="Deliveries of one message until it counts as dead.")


class Stream(Spec):
    """A JetStream stream (https://docs.nats.io/nats-concepts/jetstream/streams)."""

    subjects: tuple[Subject, ...] = Field(min_length=1)
    max_age: Duration | None = Field(None, description="How long messages are kept; for ever where absent.")
    storage: Literal["file", "memory"] = "file"
    max_bytes: Memory | None = None
