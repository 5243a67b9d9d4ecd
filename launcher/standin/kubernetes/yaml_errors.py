"""What is wrong with a YAML text, without quoting it: the text may hold a secret or a login (pure)."""

import yaml


def yaml_problem(error: yaml.YAMLError) -> str:
    """The parser's complaint, with line and column where it has them."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return "it is no YAML text"
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem or error.context}"
