"""What looks like a secret, in a name or in a text. Only looks: nothing here decodes or keeps a value."""

from __future__ import annotations

import re

_SECRET_ENDINGS = (
    "password",
    "passwd",
    "passphrase",
    "requirepass",
    "secret",
    "token",
    "apikey",
    "credential",
    "credentials",
)
_KEYS = frozenset({"api", "private", "access", "secret", "encryption", "signing"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_REFERENCE = re.compile(r"\$\([A-Za-z_][\w.-]*\)|\$\{[^}]*\}|\$[A-Za-z_]\w*|\{\{.*?\}\}|<[^>]*>")
_SWITCH = re.compile(r"(?i)true|false|yes|no|on|off|null|none")

_KNOWN_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bAKIA[0-9A-Z]{16}\b"  # AWS access key id
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}"  # GitHub
    r"|\bglpat-[\w-]{20,}"  # GitLab
    r"|\bxox[abprs]-[\w-]{10,}"  # Slack
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"  # JSON Web Token
)
_URL_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^\s:/@]*:(?P<password>[^\s/@]+)@")
_ASSIGNMENT = re.compile(
    r"""(?m)^[ \t]*(?:-[ \t]+)?["']?(?P<name>[\w.-]+)["']?[ \t]*[:=][ \t]*["']?(?P<value>[^\s"',;#{\[|>][^\s"',;#]*)"""
)


def names_a_secret(name: str) -> bool:
    """Whether what goes by this name is a secret: `PGPASSWORD`, `--api-key` and `clientSecret` end in a word for one.

    The last words decide: `TOKEN_TTL`, `PASSWORD_FILE` and `secretName` speak about a secret without being one.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    while words and words[-1].isdigit():
        words.pop()
    if len(words) > 1 and (words[-1] == "pwd" or (words[-1] == "key" and words[-2] in _KEYS)):
        return True
    return bool(words) and words[-1].endswith(_SECRET_ENDINGS)


def is_secret_literal(name: str, value: object) -> bool:
    """Whether a secret's name comes with a value of its own: no switch, and no reference such as `$(DB_PASSWORD)`."""
    if not isinstance(value, str) or not names_a_secret(name):
        return False
    return bool(_REFERENCE.sub("", value).strip()) and not _SWITCH.fullmatch(value)


def reveals_a_secret(text: object, *, assignments: bool = False) -> bool:
    """Whether a text contains a secret by its shape: a private key, a vendor's token, a URL with a password.

    With `assignments`, also a line that gives a secret's name a literal, as in `db.password: hunter2`.
    """
    if not isinstance(text, str):
        return False
    if _KNOWN_SHAPES.search(text) or any(
        _REFERENCE.sub("", found["password"]) for found in _URL_PASSWORD.finditer(text)
    ):
        return True
    return assignments and any(
        is_secret_literal(found["name"], found["value"]) for found in _ASSIGNMENT.finditer(_REFERENCE.sub("", text))
    )
