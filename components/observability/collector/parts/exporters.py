"""Where data goes, and how it waits until it is taken. Pure.

https://github.com/open-telemetry/opentelemetry-collector/blob/main/exporter/exporterhelper/README.md
"""

from datetime import timedelta
from typing import Final, Literal, NotRequired, TypedDict

from components.observability.collector.parts.document import FILE_STORAGE
from components.quantities import duration_text

BATCH_BYTES: Final = 2**20
LARGEST_BATCH_BYTES: Final = 3 * 2**20
"""Below the 4 MiB that a gRPC server takes by default."""
FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(seconds=15)
"""Between two attempts. The pauses grow, and each is up to half as long again as it should be."""


class Batch(TypedDict):
    """What is sent at once."""

    sizer: Literal["bytes", "items"]
    min_size: int
    max_size: int
    flush_timeout: str


class SendingQueue(TypedDict):
    """What waits to be sent."""

    sizer: Literal["bytes", "requests"]
    queue_size: int
    block_on_overflow: NotRequired[bool]
    """Whether a full queue makes those before it wait, or refuses."""
    storage: NotRequired[str]
    batch: NotRequired[Batch]


class Retry(TypedDict):
    """How long the sender tries; ``0s`` as the last is for ever."""

    initial_interval: str
    max_interval: str
    max_elapsed_time: str


class PlainText(TypedDict):
    """No TLS: inside the platform, where the mesh has it if there is one."""

    insecure: bool


class GrpcExporter(TypedDict):
    """OTLP over gRPC."""

    endpoint: NotRequired[str]
    tls: PlainText
    timeout: str
    retry_on_failure: Retry
    sending_queue: SendingQueue


class HttpExporter(TypedDict):
    """OTLP over HTTP; TLS where the URL says so."""

    endpoint: str
    headers: NotRequired[dict[str, str]]
    timeout: str
    retry_on_failure: Retry
    sending_queue: SendingQueue


class BalancedProtocol(TypedDict):
    """How each of the receivers is sent to."""

    otlp: GrpcExporter


class FixedHosts(TypedDict):
    """host:port."""

    hostnames: list[str]


class Resolver(TypedDict):
    """Who the receivers are."""

    static: FixedHosts


class BalancingExporter(TypedDict):
    """Sends all spans of one trace to the same receiver.

    https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/loadbalancingexporter
    """

    routing_key: Literal["traceID"]
    protocol: BalancedProtocol
    resolver: Resolver


def batch() -> Batch:
    """Return batches that are large enough to be sent cheaply, small enough for any server, and soon on their way."""
    return {"sizer": "bytes", "min_size": BATCH_BYTES, "max_size": LARGEST_BATCH_BYTES, "flush_timeout": "1s"}


def disk_queue(size: int, *, blocks: bool) -> SendingQueue:
    """Return a queue of so many bytes on disk; where it is full, it makes senders wait, or refuses."""
    return {
        "sizer": "bytes",
        "queue_size": size,
        "block_on_overflow": blocks,
        "storage": FILE_STORAGE,
        "batch": batch(),
    }


def memory_queue(size: int) -> SendingQueue:
    """Return a queue of so many bytes in memory, which refuses where it is full."""
    return {"sizer": "bytes", "queue_size": size, "batch": batch()}


def retry(within: timedelta | None = None, *, apart: timedelta = LONGEST_PAUSE) -> Retry:
    """Return attempts that begin soon, are at most so far apart, and go on for so long, or for ever."""
    end = duration_text(within) if within else "0s"
    first = duration_text(FIRST_PAUSE)
    return {"initial_interval": first, "max_interval": duration_text(apart), "max_elapsed_time": end}
