"""Signed tokens, and the key set that verifies them (https://www.rfc-editor.org/rfc/rfc7519)."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


class Issuer:
    """Somebody who signs tokens with a key of their own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def key_set(self) -> str:
        """The public key, as JSON."""
        numbers = self._key.public_key().public_numbers()
        key = {"n": _number(numbers.n), "e": _number(numbers.e)}
        return json.dumps({"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "one", **key}]})

    def token(self, *, audience: str = "shop", lifetime: int = 300, **claims: Any) -> str:
        """Return a token of this issuer; a lifetime below 0 is over already."""
        now = int(time.time())
        body = {"iss": self.name, "sub": "somebody", "aud": audience, "iat": now - 600, "exp": now + lifetime, **claims}
        parts = [_encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "one"}, body)]
        signature = self._key.sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
        return ".".join([*parts, _encoded(signature)])


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))
