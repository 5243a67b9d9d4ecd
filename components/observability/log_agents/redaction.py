"""What no log may hold, and so is taken out before a record leaves its node or waits on its disk. Pure.

Patterns are RE2's (https://github.com/google/re2/wiki/Syntax). All of a match is replaced. They rather take out too
much than too little: a word behind "token:" is gone, too.
"""

from typing import Any, Final

from components.observability.collector.parts.document import literal
from components.specs.observability.logs import Logs

_WORDS: Final = (
    "passw(?:or)?d|passphrase|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?|authorization"
    "|cookie"
)
SECRET_KEYS: Final = (f"(?i)({_WORDS})$",)
"""Names of fields whose value is replaced, whatever it is: ``password``, ``db_password``, ``X-Api-Key``."""
_QUOTED: Final = r'(?:"(?:[^"\\]|\\.)*"|\\+"(?:[^"\\]|\\[^"\\])*\\+")'
"""In the quotes of JSON, or of JSON inside a string of JSON."""

PATTERNS: Final[dict[str, str]] = {
    "private key": r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)",
    "end of a private key": r"(?:[A-Za-z0-9+/=]+\s+)?-----END [A-Z0-9 ]*PRIVATE KEY-----",
    "password in a URL": r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/@:\"']*:[^\s@\"']+@",
    "authorization": r"(?i)\b(?:proxy-)?authorization\b\\*[\"']?\s*[:=]\s*\\*[\"']?(?:[a-z]+ )?[^\s\"',;\\]+",
    "bearer token": r"(?i)\bbearer\s+[a-z0-9._~+/=-]{8,}",
    "JSON Web Token": r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*",
    "password": rf"(?i)\b[a-z0-9_.-]*(?:{_WORDS})\\*[\"']?\s*[:=]\s*(?:{_QUOTED}|'[^']*'|[^\s,;&\"'}}\]]+)",
    # Visa, Mastercard, Discover, UnionPay, JCB; American Express; Diners Club: in groups, or in one.
    "card number": r"\b(?:4\d{3}|5[1-5]\d{2}|2(?:22[1-9]|2[3-9]\d|[3-6]\d{2}|7[01]\d|720)"
    r"|6(?:011|4[4-9]\d|5\d{2}|2\d{2})|35\d{2})(?:\d{12}| \d{4} \d{4} \d{4}|-\d{4}-\d{4}-\d{4})\b"
    r"|\b3[47]\d{2}(?:\d{11}| \d{6} \d{5}|-\d{6}-\d{5})\b"
    r"|\b3(?:0[0-5]|[68]\d)\d(?:\d{10}| \d{6} \d{4}|-\d{6}-\d{4})\b",
    "e-mail address": r"[A-Za-z0-9._%+-]+(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
}
"""What it is → its pattern, in the order in which they are applied."""


def patterns(logs: Logs) -> tuple[str, ...]:
    """Return every pattern: the platform's, then the environment's own."""
    return (*PATTERNS.values(), *(redaction.pattern for redaction in logs.redact))


def redaction_processor(logs: Logs) -> dict[str, Any]:
    """Return the settings of the Collector's ``redaction``, which looks into bodies, however deep, and attributes.

    https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/v0.158.0/processor/redactionprocessor
    """
    return {
        "allow_all_keys": True,
        "redact_all_types": True,
        "blocked_key_patterns": [literal(pattern) for pattern in SECRET_KEYS],
        "blocked_values": [literal(pattern) for pattern in patterns(logs)],
        "summary": "silent",
    }
