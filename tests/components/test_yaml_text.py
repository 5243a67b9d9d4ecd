"""What is written as YAML is read as it was meant, whatever characters people write."""

from __future__ import annotations

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from components.yaml_text import yaml_file, yaml_line


@given(st.text())
@example("\U0001f525 the outbox grows")
@example("a\u2028b\u0085c\ufeff")
@example(r"\ud83d\udd25")
@example("0123: no, ~")
def test_a_text_is_read_as_it_was_written(text: str) -> None:
    assert yaml.safe_load(yaml_file({text: [text]})) == {text: [text]}
    assert yaml.safe_load(yaml_line(text)) == text
    assert "\n" not in yaml_line(text), "a rule a line"


def test_a_file_ends_its_last_line() -> None:
    assert yaml_file({"a": {"b": 1}}) == '{\n  "a": {\n    "b": 1\n  }\n}\n'
