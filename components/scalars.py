"""Annotated scalar types: one for every unit and every kind of name that the configuration speaks of.

A scalar accepts what a person writes in YAML (``512Mi``, ``30s``, ``70%``) and refuses everything else with a message
that names the consequence and the fix. Quantities are held as the API server writes them (``1024Mi`` is ``1Gi``), so
that an object read back from a cluster equals the one that was sent; the functions beside them give plain numbers.
"""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

from components.faults import fault

_DNS_LABEL: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PORT_NAME: Final = re.compile(r"(?=[a-z0-9-]{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_ENVIRONMENT_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CONFIG_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_LABEL_KEY: Final = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_CPU: Final = re.compile(r"(\d+(?:\.\d{1,3})?|\.\d{1,3})(m?)")
_MEMORY: Final = re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?")
_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")
_PERCENT: Final = re.compile(r"(\d+(?:\.\d+)?)%")
_IMAGE: Final = re.compile(
    r"[a-z0-9]+(?:[._:/-]+[a-z0-9]+)*?(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[a-f0-9]{64}))?"
)
_CIDR: Final = re.compile(r"\d{1,3}(\.\d{1,3}){3}/\d{1,2}|[0-9a-fA-F:]+/\d{1,3}")
_SUFFIX: Final[dict[str, int]] = {
    **{unit: 1024**power for power, unit in enumerate(("", "Ki", "Mi", "Gi", "Ti", "Pi"))},
    **{unit: 1000**power for power, unit in enumerate(("", "k", "M", "G", "T", "P"))},
}


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


def _pattern(pattern: re.Pattern[str], what: str, consequence: str, fix: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise fault(f"is not {what}", consequence=consequence, fix=fix)
        return value

    return AfterValidator(check)


def _number_as_text(value: Any) -> Any:
    """Quantities without a suffix are numbers in YAML (``cpu: 1``, ``cpu: 0.5``)."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


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


def millicores(cpu: str) -> int:
    """Return a CPU quantity in thousandths of a core: ``250m`` is 250, ``1.5`` is 1500."""
    return int(cpu[:-1]) if cpu.endswith("m") else int(Decimal(cpu) * 1000)


def cpu_text(thousandths: int) -> str:
    """Write thousandths of a core as the API server would: ``250m``, ``1``."""
    return str(thousandths // 1000) if thousandths % 1000 == 0 else f"{thousandths}m"


def byte_count(memory: str) -> int:
    """Return a memory or storage quantity in bytes: ``1Ki`` is 1024, ``1k`` is 1000."""
    match = _MEMORY.fullmatch(memory)
    if match is None:
        raise ValueError(f"{memory!r} is not a quantity of memory")
    return int(Decimal(match[1]) * _SUFFIX[match[2] or ""])


def _cpu(value: str) -> str:
    match = _CPU.fullmatch(value)
    if not match or (match[2] and "." in match[1]) or millicores(value) == 0:
        raise fault(
            "is not a quantity of CPU",
            consequence="Kubernetes refuses the container",
            fix="write cores (1, 0.5) or millicores (250m)",
        )
    return cpu_text(millicores(value))


def _memory(value: str) -> str:
    match = _MEMORY.fullmatch(value)
    if not match:
        raise fault(
            "is not a quantity of memory or storage",
            consequence="Kubernetes refuses the object",
            fix="use a binary suffix: Ki, Mi, Gi, Ti, e.g. 512Mi",
        )
    if byte_count(value) < 1024:
        raise fault(
            "is less than one KiB",
            consequence="the container could not start (a bare number is counted in bytes)",
            fix="add a suffix: Ki, Mi, Gi, Ti, e.g. 512Mi",
        )
    return _canonical_memory(byte_count(value), binary=not match[2] or match[2].endswith("i"))


def _canonical_memory(size: int, *, binary: bool) -> str:
    base, units = (1024, ("", "Ki", "Mi", "Gi", "Ti", "Pi")) if binary else (1000, ("", "k", "M", "G", "T", "P"))
    power = 0
    while power < len(units) - 1 and size % base == 0:
        size, power = size // base, power + 1
    return f"{size}{units[power]}"


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if not match:
        raise fault(
            "is not a duration",
            consequence="a number without a unit would be read as seconds by one reader and milliseconds by another",
            fix="write it with its unit: 300ms, 30s, 5m, 72h",
        )
    hours, minutes, seconds, milliseconds = match.groups()
    return timedelta(
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=float(seconds or 0),
        milliseconds=int(milliseconds or 0),
    )


def duration_text(duration: timedelta) -> str:
    """Write a duration in its largest whole unit: ``72h``, ``90s``, ``300ms``."""
    milliseconds = round(duration.total_seconds() * 1000)
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def whole_seconds(duration: timedelta) -> int:
    """Return a duration in whole seconds, rounded up: Kubernetes' timings know nothing finer."""
    return -int(-duration.total_seconds() // 1)


def _percent(value: Any) -> Any:
    if isinstance(value, float):
        return value
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise fault(
            "is not a percentage", consequence="70 and 0.7 could both be meant", fix="write it with its sign, e.g. 70%"
        )
    return float(match[1])


def percent_text(percent: float) -> str:
    """Write a percentage with its sign: ``70%``, ``99.9%``."""
    return f"{percent:g}%"


def _text_schema(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "examples": list(examples)})


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
    _pattern(
        _PORT_NAME,
        "a port name",
        "Kubernetes refuses the container",
        "use at most 15 lower-case letters, digits and single '-', with at least one letter",
    ),
]
"""The name of a port: IANA service name (RFC 6335), at most 15 characters."""

EnvironmentVariableName = Annotated[
    str,
    _pattern(
        _ENVIRONMENT_VARIABLE,
        "a name that a shell can read",
        "programs could not read the variable",
        "use letters, digits and '_', not starting with a digit",
    ),
]
ConfigKey = Annotated[
    str,
    _pattern(
        _CONFIG_KEY,
        "a key of a ConfigMap or Secret",
        "Kubernetes refuses the object",
        "use letters, digits, '-', '_' and '.', at most 253 characters",
    ),
]
LabelKey = Annotated[
    str,
    _pattern(
        _LABEL_KEY,
        "a label or annotation key",
        "Kubernetes refuses the object",
        "write prefix.example/name or a plain name",
    ),
]
LabelValue = Annotated[
    str,
    _pattern(
        _LABEL_VALUE,
        "a label value",
        "Kubernetes refuses the object",
        "use at most 63 letters, digits, '-', '_' and '.'; longer text belongs in an annotation",
    ),
]
AbsolutePath = Annotated[
    str,
    _pattern(
        re.compile(r"/[^:]*"), "an absolute path", "Kubernetes refuses the mount", "start it with '/', without ':'"
    ),
]
RelativePath = Annotated[
    str,
    _pattern(
        re.compile(r"(?!/)(?!(.*/)?\.\.(/|$)).+"),
        "a relative path",
        "Kubernetes refuses the volume",
        "name it without a leading '/' and without '..'",
    ),
]
ImageReference = Annotated[
    str,
    AfterValidator(_image),
    WithJsonSchema({"type": "string", "examples": ["registry.example.com/shop/users:1.4.2"]}),
]
"""An image with a tag other than ``latest``, a digest, or both."""

Cpu = Annotated[
    str,
    BeforeValidator(_number_as_text),
    AfterValidator(_cpu),
    WithJsonSchema({"type": ["string", "number"], "examples": ["250m", 1]}),
]
"""CPU time in cores (``1``, ``0.5``) or thousandths (``250m``)."""

Memory = Annotated[
    str, BeforeValidator(_number_as_text), AfterValidator(_memory), _text_schema(_MEMORY.pattern, "512Mi", "2Gi")
]
"""Bytes of memory or storage with a suffix, binary (``Mi``) or decimal (``M``)."""

Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(duration_text, return_type=str),
    _text_schema(_DURATION.pattern, "300ms", "30s", "72h"),
]
"""A length of time with its unit."""

Percent = Annotated[
    float,
    BeforeValidator(_percent),
    PlainSerializer(percent_text, return_type=str),
    _text_schema(_PERCENT.pattern, "70%", "99.9%"),
]
"""A percentage with its sign; 70% is held as 70.0."""

Cidr = Annotated[
    str,
    _pattern(
        _CIDR,
        "an address range",
        "Kubernetes refuses the NetworkPolicy",
        "write it in CIDR notation, e.g. 10.20.0.0/16",
    ),
]
