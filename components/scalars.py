"""Annotated types for names and references: one for every kind that the configuration speaks of.

Each refuses what Kubernetes would refuse, with a message that names the consequence and the fix. Quantities with a unit
stand in units.py.
"""

import re
from ipaddress import ip_network
from typing import Annotated, Final

from pydantic import AfterValidator, Field, WithJsonSchema

from components.faults import fault

_DNS_LABEL: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PORT_NAME: Final = re.compile(r"(?=[a-z0-9-]{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_ENVIRONMENT_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CONFIG_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_LABEL_KEY: Final = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_HOST: Final = r"[a-zA-Z0-9]+(?:[.-]+[a-zA-Z0-9]+)*(?::\d{1,5})?"
_PATH: Final = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REGISTRY: Final = re.compile(
    rf"(?:localhost|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+|[a-zA-Z0-9-]+(?=:))(?::\d{{1,5}})?(?:/{_PATH})*"
)
"""A host that nobody takes for the first part of a path, as ``shop`` would be: with a point, a port, or localhost."""
_IMAGE: Final = re.compile(
    rf"(?:{_HOST}/)?{_PATH}(?:/{_PATH})*"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[a-f0-9]{64}))?"
)
"""The grammar of https://github.com/distribution/reference, with SHA-256 as the only digest."""


def _dns_label(value: str) -> str:
    if len(value) > 63:
        raise fault(
            f"is {len(value)} characters long; a DNS label has at most 63",
            consequence="Kubernetes refuses a Service of that name",
            fix="shorten it to 63 characters or fewer",
        )
    if not _DNS_LABEL.fullmatch(value):
        raise fault(
            "is not a DNS label",
            consequence="Kubernetes refuses a Service of that name",
            fix="use lower-case letters, digits and '-', starting with a letter and ending with a letter or digit",
        )
    return value


def _dns_subdomain(value: str) -> str:
    if len(value) > 253 or not _DNS_SUBDOMAIN.fullmatch(value):
        raise fault(
            "is not a DNS name",
            consequence="Kubernetes refuses an object, or a resolver a host, of that name",
            fix="use lower-case letters, digits, '-' and '.', at most 253 characters",
        )
    return value


def matching(pattern: re.Pattern[str], what: str, consequence: str, fix: str) -> AfterValidator:
    """Return a validator for texts that match a pattern as a whole; ``what`` they are, in words, makes the message."""

    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise fault(f"is not {what}", consequence=consequence, fix=fix)
        return value

    return AfterValidator(check)


def _image(value: str) -> str:
    match = _IMAGE.fullmatch(value)
    if not match:
        raise fault(
            "is not an image reference",
            consequence="no node could pull it",
            fix="write registry/repository:tag, registry/repository@sha256:…, or both",
        )
    if not match["tag"] and not match["digest"]:
        raise fault(
            "has neither a tag nor a digest",
            consequence="the runtime would pull 'latest', which changes under the running service",
            fix="add :tag or @sha256:…",
        )
    if match["tag"] == "latest":
        raise fault(
            "has the tag 'latest'",
            consequence="the image would change under the running service, and there would be nothing to roll back to",
            fix="name a version",
        )
    return value


def image_digest(reference: str) -> str | None:
    """Return the digest (``sha256:…``) of an image reference, or None where it has none."""
    _, _, digest = reference.partition("@")
    return digest or None


def image_tag(reference: str) -> str | None:
    """Return the tag of an image reference, or None where it has none."""
    match = _IMAGE.fullmatch(reference)
    return match["tag"] if match else None


def _cidr(value: str) -> str:
    try:
        if "/" in value:
            return str(ip_network(value))
    except ValueError:
        pass
    raise fault(
        "is not an address range",
        consequence="Kubernetes refuses the object, or opens a way to other addresses",
        fix="write it in CIDR notation, host bits zero: 10.20.0.0/16, or 10.20.30.40/32 for one host",
    )


DnsLabel = Annotated[
    str,
    AfterValidator(_dns_label),
    WithJsonSchema({"type": "string", "pattern": f"^{_DNS_LABEL.pattern}$", "maxLength": 63}),
]
"""A name that a Service may have: RFC 1035 label, at most 63 characters
(https://kubernetes.io/docs/concepts/overview/working-with-objects/names/)."""

DnsSubdomain = Annotated[
    str,
    AfterValidator(_dns_subdomain),
    WithJsonSchema({"type": "string", "pattern": f"^{_DNS_SUBDOMAIN.pattern}$", "maxLength": 253}),
]
"""A name that most objects, and hosts, may have: RFC 1123 subdomain, at most 253 characters."""

PortName = Annotated[
    str,
    matching(
        _PORT_NAME,
        "a port name",
        "Kubernetes refuses the container",
        "use at most 15 lower-case letters, digits and single '-', with at least one letter",
    ),
]
"""The name of a port: IANA service name (RFC 6335), at most 15 characters."""

EnvironmentVariableName = Annotated[
    str,
    matching(
        _ENVIRONMENT_VARIABLE,
        "a name that a shell can read",
        "programs could not read the variable",
        "use letters, digits and '_', not starting with a digit",
    ),
]
ConfigKey = Annotated[
    str,
    matching(
        _CONFIG_KEY,
        "a key of a ConfigMap or Secret",
        "Kubernetes refuses the object",
        "use letters, digits, '-', '_' and '.', at most 253 characters",
    ),
]
LabelKey = Annotated[
    str,
    matching(
        _LABEL_KEY,
        "a label or annotation key",
        "Kubernetes refuses the object",
        "write prefix.example/name or a plain name",
    ),
]
LabelValue = Annotated[
    str,
    matching(
        _LABEL_VALUE,
        "a label value",
        "Kubernetes refuses the object",
        "use at most 63 letters, digits, '-', '_' and '.'; longer text belongs in an annotation",
    ),
]
AbsolutePath = Annotated[
    str,
    matching(
        re.compile(r"/[^:]*"), "an absolute path", "Kubernetes refuses the mount", "start it with '/', without ':'"
    ),
]
RelativePath = Annotated[
    str,
    matching(
        re.compile(r"(?!/)(?!(.*/)?\.\.(/|$)).+"),
        "a relative path",
        "Kubernetes refuses the volume",
        "name it without a leading '/' and without '..'",
    ),
]
Capability = Annotated[
    str,
    matching(
        re.compile(r"(?!CAP_)[A-Z][A-Z_]*"),
        "a Linux capability as Kubernetes spells them",
        "a node would refuse the container",
        "use upper case without the prefix CAP_, e.g. NET_BIND_SERVICE",
    ),
]
AppProtocol = Annotated[
    str,
    matching(
        re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"),
        "the name of a protocol",
        "Kubernetes refuses the Service",
        "use an IANA name such as http, or prefix.example/name",
    ),
]
PodField = Annotated[
    str,
    matching(
        re.compile(
            r"metadata\.(name|namespace|uid)|metadata\.(labels|annotations)\['[^']+'\]"
            r"|spec\.(nodeName|serviceAccountName)|status\.(hostIP|hostIPs|podIP|podIPs)"
        ),
        "a field of the Pod that a variable can hold",
        "Kubernetes refuses the Pod",
        "use metadata.name, metadata.namespace, metadata.uid, metadata.labels['KEY'], metadata.annotations['KEY'], "
        "spec.nodeName, spec.serviceAccountName, status.podIP, status.podIPs, status.hostIP or status.hostIPs",
    ),
]
"""https://kubernetes.io/docs/concepts/workloads/pods/downward-api/#available-fields"""
PodFileField = Annotated[
    str,
    matching(
        re.compile(r"metadata\.(name|namespace|uid|labels|annotations)|metadata\.(labels|annotations)\['[^']+'\]"),
        "a field of the Pod that a file can hold",
        "Kubernetes refuses the Pod",
        "use metadata.name, metadata.namespace, metadata.uid, metadata.labels or metadata.annotations; the others are "
        "known to variables only",
    ),
]
UserId = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""A UID or GID (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/)."""

ImageReference = Annotated[
    str,
    AfterValidator(_image),
    WithJsonSchema({"type": "string", "examples": ["registry.example.com/shop/users:1.4.2"]}),
]
"""An image with a tag other than ``latest``, a digest, or both."""

Registry = Annotated[
    str,
    matching(
        _REGISTRY,
        "a registry",
        "images would be looked for, or pushed, somewhere else",
        "write its host, and the path in it where there is one, without https:// and tag: registry.example.com/shop",
    ),
    WithJsonSchema({"type": "string", "examples": ["registry.example.com/shop", "127.0.0.1:5001"]}),
]
"""A registry, or a path in one: what an image's name begins with."""

Cidr = Annotated[str, AfterValidator(_cidr), WithJsonSchema({"type": "string", "examples": ["10.20.0.0/16", "::/0"]})]
"""A range of IPv4 or IPv6 addresses; a single host is ``10.20.30.40/32``."""
