"""Traces in an environment: who collects them, which are kept, where, and for how long."""

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field

from components.faults import fault
from components.quantities import byte_count, byte_text, duration_text
from components.scalars import DnsLabel, DnsSubdomain
from components.specs.base import Finding, Spec
from components.specs.observability.backends import CassandraServers, OtlpServer, SearchServer
from components.specs.resources import Resources
from components.specs.tags import tag, tag_by_key
from components.units import Memory, Percent, PositiveDuration

SPAN_BYTES: Final = 2048
"""What a span takes in the memory of a Collector that waits for its trace; docs/benchmarks.md measures it."""
SPANS_PER_TRACE: Final = 20
SHARE_FOR_KEPT: Final = 0.8
"""Of Jaeger's memory, for traces that it stores there; docs/adr/jaeger-storage.md has what was measured."""
SHARE_FOR_TRACES: Final = 0.5
"""Of a Collector's memory: the rest is its own, its queues' and what the limiter keeps free."""


class InMemory(Spec):
    """The last traces, until Jaeger restarts: ``{memory: 10000}``."""

    memory: int = Field(ge=1, description="So many traces.")


class InBadger(Spec):
    """A volume of Jaeger's own: ``{badger: 10Gi}``."""

    badger: Memory
    storage_class: DnsSubdomain | None = None


class InElasticsearch(Spec):
    """An Elasticsearch that somebody else runs: ``{elasticsearch: {url: https://es.example.com}}``."""

    elasticsearch: SearchServer


class InOpenSearch(Spec):
    """An OpenSearch that somebody else runs: ``{opensearch: {url: https://os.example.com}}``."""

    opensearch: SearchServer


class InCassandra(Spec):
    """A Cassandra that somebody else runs: ``{cassandra: {hosts: [...], datacentre: dc1}}``."""

    cassandra: CassandraServers


class AtVendor(Spec):
    """No Jaeger: a vendor takes the traces, ``{otlp: {url: https://otlp.example.com}}``."""

    otlp: OtlpServer


TraceStorage = Annotated[
    Annotated[InMemory, tag("memory")]
    | Annotated[InBadger, tag("badger")]
    | Annotated[InElasticsearch, tag("elasticsearch")]
    | Annotated[InOpenSearch, tag("opensearch")]
    | Annotated[InCassandra, tag("cassandra")]
    | Annotated[AtVendor, tag("otlp")],
    tag_by_key("memory", "badger", "elasticsearch", "opensearch", "cassandra", "otlp"),
]


def _share(field: str, share: float) -> Iterator[Finding]:
    if share > 100:
        yield (
            (field,),
            fault(
                f"is {share:g}%, over 100%",
                consequence="there are no more traces than all",
                fix="make it 100% or less",
            ),
        )


def _whole_mebibytes(size: float) -> str:
    return byte_text(math.ceil(size / 2**20) * 2**20, binary=True)


class TailSampling(Spec):
    """Which traces are kept, decided when they are whole: all with errors, all slow ones, and a share of the rest."""

    rest: Percent
    limit: int | None = Field(None, ge=1, description="Of the rest, at most so many traces a second.")
    wait: PositiveDuration = Field(timedelta(seconds=10), description="For a trace's last spans.")
    traces_per_second: int = Field(100, ge=1, description="To be expected; the memory must hold them while they wait.")
    spans_per_trace: int = Field(SPANS_PER_TRACE, ge=1, description="To be expected.")

    def findings(self) -> Iterator[Finding]:
        """Yield a share of more than all."""
        yield from _share("rest", self.rest)

    @property
    def waiting_bytes(self) -> int:
        """Memory of all traces that wait at one time."""
        return round(self.traces_per_second * self.wait.total_seconds() * self.spans_per_trace * SPAN_BYTES)


class Sampling(Spec):
    """Head sampling at the services, and tail sampling at the Collectors."""

    head: Percent = Field(100.0, description="Share of the traces that are recorded at all.")
    tail: TailSampling | None = Field(None, description="All recorded traces are kept where absent.")

    def findings(self) -> Iterator[Finding]:
        """Yield a share of more than all."""
        yield from _share("head", self.head)


class CollectorSettings(Spec):
    """The Collectors that services send to: the gateway tier."""

    replicas: int = Field(2, ge=1)
    resources: Resources = Resources(cpu="250m", memory="512Mi")
    queue: Memory = Field("1Gi", description="On disk, for what a backend that is away has not taken yet.")
    storage_class: DnsSubdomain | None = None


class TraceSearch(Spec):
    """Jaeger's web page behind the edge's gateway: ``{host: jaeger, auth: staff}``."""

    host: DnsLabel = Field(description="The host's first label; the mesh's domain follows.")
    auth: str = Field(min_length=1, description="An issuer of the catalogue's 'authentication': Jaeger asks nobody.")


class Tracing(Spec):
    """Traces in this environment."""

    storage: TraceStorage
    retention: PositiveDuration | None = Field(None, description="How long traces are kept.")
    replicas: int = Field(1, ge=1, description="Of Jaeger; more than one needs a storage outside of it.")
    resources: Resources = Resources(cpu="200m", memory="512Mi")
    sampling: Sampling = Sampling()
    collector: CollectorSettings = CollectorSettings()
    search: TraceSearch | None = Field(None, description="Jaeger's page at the edge; needs a mesh.")

    def findings(self) -> Iterator[Finding]:
        """Yield storage that can't be shared, time without an end, and traces that would not fit while they wait."""
        inside = isinstance(self.storage, InMemory | InBadger)
        if inside and self.replicas > 1:
            kind = "memory" if isinstance(self.storage, InMemory) else "badger"
            yield (
                ("replicas",),
                fault(
                    f"is {self.replicas}, and traces are stored in {kind}",
                    consequence="each replica would have its own traces, and find only those",
                    fix="make it 1, or store traces in elasticsearch, opensearch or cassandra",
                ),
            )
        vendor, memory = isinstance(self.storage, AtVendor), isinstance(self.storage, InMemory)
        if self.retention is None and not vendor and not memory:
            yield (
                (),
                fault(
                    "does not say retention",
                    consequence="traces would be kept until the storage is full",
                    fix="add retention: 7d",
                ),
            )
        elif self.retention is not None and (vendor or memory):
            yield (
                ("retention",),
                fault(
                    "is set, and the storage knows none",
                    consequence="the setting would reach nothing",
                    fix="drop it; a vendor has a setting of its own, and memory keeps a number of traces",
                ),
            )
        yield from self._room_for_kept()
        yield from self._room_for_waiting()

    def _room_for_kept(self) -> Iterator[Finding]:
        if not isinstance(self.storage, InMemory):
            return
        kept = self.storage.memory * SPANS_PER_TRACE * SPAN_BYTES
        if kept > byte_count(self.resources.memory_limit) * SHARE_FOR_KEPT:
            yield (
                ("storage", "memory"),
                fault(
                    f"is {self.storage.memory} traces: with {SPANS_PER_TRACE} spans of {SPAN_BYTES} bytes "
                    f"{_whole_mebibytes(kept)}, over {SHARE_FOR_KEPT:.0%} of Jaeger's memory of "
                    f"{self.resources.memory_limit}",
                    consequence="the kernel would kill Jaeger before they are reached, and all traces would be gone",
                    fix=f"lower it, or raise tracing.resources.memory to {_whole_mebibytes(kept / SHARE_FOR_KEPT)}",
                ),
            )

    def _room_for_waiting(self) -> Iterator[Finding]:
        tail, collector = self.sampling.tail, self.collector
        if tail is None:
            return
        memory = byte_count(collector.resources.memory_limit)
        share = tail.waiting_bytes // collector.replicas
        if share > memory * SHARE_FOR_TRACES:
            needed, waiting = _whole_mebibytes(share / SHARE_FOR_TRACES), _whole_mebibytes(share)
            yield (
                ("sampling", "tail"),
                fault(
                    f"lets {tail.traces_per_second} traces a second wait {duration_text(tail.wait)}: with "
                    f"{tail.spans_per_trace} spans of {SPAN_BYTES} bytes {waiting} in each of "
                    f"{collector.replicas} Collectors, over half of their memory of {collector.resources.memory_limit}",
                    consequence="the memory limiter would refuse spans, and traces would arrive in parts",
                    fix=f"raise collector.resources.memory to {needed}, or collector.replicas, or lower wait",
                ),
            )
