"""Documents as the YAML that programs read from their ConfigMaps. Pure.

JSON is YAML (https://yaml.org/spec/1.2.2/#12-introduction-to-yaml), and no value of it can be taken for something else.
But YAML knows neither JSON's escapes of characters beyond 16 bits, which are pairs of surrogates, nor every character
that JSON lets stand as it is (https://yaml.org/spec/1.2.2/#51-character-set): a reader would refuse the whole file.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

_ESCAPED: Final = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""What YAML refuses, or takes for the end of a line, unless it is escaped."""


def yaml_file(document: Mapping[str, object]) -> str:
    """Return a document as the text of a file."""
    return f"{_text(document, indent=2)}\n"


def yaml_line(value: object) -> str:
    """Return a value on one line."""
    return _text(value, indent=None)


def _text(value: object, *, indent: int | None) -> str:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
