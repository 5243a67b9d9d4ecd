"""Blotting a build's secrets out of what is shown (pure)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from launcher.standin.properties import secret_texts

_SHORTEST_LINE = 8
"""Characters: a line of a secret that is shorter is taken for punctuation (`{`, `-----`), and left."""


@dataclass(frozen=True)
class Redaction:
    """The secrets of one image: each as a whole, and each line of one that has several, as logs come line by line."""

    _pattern: re.Pattern[str] | None

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> "Redaction":
        """For inputs with their marks."""
        whole = set(secret_texts(dict(inputs)))
        lines = {line.strip() for text in whole for line in text.splitlines()}
        texts = whole | {line for line in lines if len(line) >= _SHORTEST_LINE}
        longest_first = sorted(texts, key=len, reverse=True)
        return cls(re.compile("|".join(map(re.escape, longest_first))) if texts else None)

    def __call__(self, message: str) -> str:
        """The message without them."""
        return self._pattern.sub("[secret]", message) if self._pattern else message
