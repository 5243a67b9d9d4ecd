"""Servers outside the platform that take traces or logs: where they are, and how they are signed in to."""

import re
from collections.abc import Iterator
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, WithJsonSchema

from components.faults import fault
from components.scalars import Cidr, ConfigKey, DnsSubdomain, matching
from components.specs.base import Finding, Spec
from components.specs.probes import PortNumber

_URL: Final = r"https?://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?(/[^\s?#]*)?"
ServerUrl = Annotated[
    str,
    matching(
        re.compile(_URL),
        "the URL of a server",
        "there would be no host to connect to, and none that policies could open the way to",
        "write e.g. https://es.example.com:9200, without user, query and fragment",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_URL}$", "examples": ["https://es.example.com:9200"]}),
]


def address(url: str) -> tuple[str, int]:
    """Return the host and port of a URL; 443 or 80 where it names no port."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


class Login(Spec):
    """A user name, and the key of a Secret that holds the password."""

    username: str = Field(min_length=1)
    password: ConfigKey


def _plain_text(secret: str) -> Finding:
    return (
        ("url",),
        fault(
            f"is plain HTTP, and {secret} would go over it",
            consequence="everybody on the way could read the secret, and whatever is sent",
            fix=f"write https://…, or drop {secret}",
        ),
    )


class SearchServer(Spec):
    """Elasticsearch or OpenSearch: ``{url: https://es.example.com}``."""

    url: ServerUrl
    login: Login | None = None
    index_prefix: str = Field("", pattern="^[a-z0-9_-]*$", description="Before the names of its indices.")
    replicas: int = Field(1, ge=0, description="Of each index.")
    cidrs: tuple[Cidr, ...] = Field(("0.0.0.0/0", "::/0"), description="Its addresses, where they are known.")

    def findings(self) -> Iterator[Finding]:
        """Yield a password in plain text."""
        if self.login and self.url.startswith("http:"):
            yield _plain_text("login")


class CassandraServers(Spec):
    """Cassandra: ``{hosts: [cassandra.example.com], datacentre: dc1}``."""

    hosts: tuple[DnsSubdomain, ...] = Field(min_length=1)
    port: PortNumber = 9042
    datacentre: str = Field(min_length=1)
    keyspace: str = Field("jaeger", pattern="^[a-z][a-z0-9_]*$")
    login: Login | None = None
    cidrs: tuple[Cidr, ...] = ("0.0.0.0/0", "::/0")


class OtlpServer(Spec):
    """Any vendor that takes OTLP over HTTP: ``{url: https://otlp.example.com, headers: {api-key: KEY}}``."""

    url: ServerUrl
    headers: dict[str, ConfigKey] = Field({}, description="Header → key of the Secret that holds its value.")
    cidrs: tuple[Cidr, ...] = ("0.0.0.0/0", "::/0")

    def findings(self) -> Iterator[Finding]:
        """Yield a secret in plain text."""
        if self.headers and self.url.startswith("http:"):
            yield _plain_text("headers")


class KafkaServers(Spec):
    """Kafka: ``{brokers: [kafka.example.com], topic: logs}``, over TLS."""

    brokers: tuple[DnsSubdomain, ...] = Field(min_length=1)
    port: PortNumber = 9093
    topic: str = Field("logs", pattern=r"^[A-Za-z0-9._-]{1,249}$")
    login: Login | None = Field(None, description="SASL/SCRAM-SHA-512.")
    cidrs: tuple[Cidr, ...] = ("0.0.0.0/0", "::/0")
