"""Logs in an environment: who reads them on the nodes, what is left out, and where they go."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import re2
from pydantic import Field

from components.faults import fault
from components.scalars import DnsLabel, DnsSubdomain
from components.specs.base import Finding, Spec
from components.specs.observability.backends import KafkaServers, SearchServer
from components.specs.resources import Resources
from components.specs.tags import tag, tag_by_key
from components.units import Memory, PositiveDuration


class LogAgent(StrEnum):
    """The program that reads the files of a node's containers."""

    COLLECTOR = "collector"
    """The OpenTelemetry Collector."""
    FLUENT_BIT = "fluent-bit"


class InLoki(Spec):
    """A Loki of the platform's own: ``{loki: 50Gi, retention: 14d}``."""

    loki: Memory
    retention: PositiveDuration
    storage_class: DnsSubdomain | None = None
    resources: Resources = Resources(cpu="200m", memory="512Mi")


class LogsInElasticsearch(Spec):
    """An Elasticsearch that somebody else runs: ``{elasticsearch: {url: https://es.example.com}}``."""

    elasticsearch: SearchServer


class LogsInKafka(Spec):
    """A Kafka that somebody else runs: ``{kafka: {brokers: [...], topic: logs}}``."""

    kafka: KafkaServers


LogStorage = Annotated[
    Annotated[InLoki, tag("loki")]
    | Annotated[LogsInElasticsearch, tag("elasticsearch")]
    | Annotated[LogsInKafka, tag("kafka")],
    tag_by_key("loki", "elasticsearch", "kafka"),
]


class Redaction(Spec):
    """Text that no log may hold: what fits the pattern is replaced, beside passwords, tokens, cards and addresses."""

    pattern: str = Field(min_length=1, description="RE2, as in Go (https://github.com/google/re2/wiki/Syntax).")

    def findings(self) -> Iterator[Finding]:
        """Yield what agents can't read."""
        quietly = re2.Options()
        quietly.log_errors = False
        try:
            re2.compile(self.pattern, quietly)
        except re2.error as error:
            yield (
                ("pattern",),
                fault(
                    f"is no regular expression of RE2 ({error.args[0].decode()})",
                    consequence="the agents would not start, and no log would leave its node",
                    fix="correct it; RE2 has neither look-around nor references back",
                ),
            )


class Logs(Spec):
    """Logs in this environment."""

    agent: LogAgent = LogAgent.COLLECTOR
    namespace: DnsLabel = Field(
        description="Of the agents: they read files of the node, which the platform's own namespace forbids."
    )
    storage: LogStorage
    redact: tuple[Redaction, ...] = ()
    buffer: Memory = Field("1Gi", description="On each node's disk, for what the storage has not taken yet.")
    node_metrics: bool = Field(True, description="Whether the agents measure their nodes too (agent collector only).")
    resources: Resources = Resources(cpu="100m", memory="256Mi")
    nodes: int = Field(
        100, ge=1, description="The most nodes that the cluster may have: the agents' namespace has room for as many."
    )
