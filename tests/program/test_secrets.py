"""Values of secrets: supplied by the stack, secret on all their way, and asked for where they are missing."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

import pulumi
import pytest

from stacks.document import InvalidConfiguration
from stacks.loader import validate
from tests.program.recorder import STACKS, Recording, planted_secrets, record, run_program
from tests.program.values import Secret, hidden

SUPPLYING = "dev"
"""The stack that supplies its secrets itself."""


def planted() -> list[str]:
    return [value for keys in planted_secrets(SUPPLYING).values() for value in keys.values()]


def visible(recording: Recording) -> str:
    """All that anybody can read in the state, in a preview or in the exports."""
    inputs = [hidden(one.inputs) for one in recording.registrations]
    return json.dumps([inputs, hidden(recording.outputs), hidden(recording.exports)])


def leaks(text: str) -> list[str]:
    encoded = {value: base64.b64encode(value.encode()).decode() for value in planted()}
    return [value for value, other in encoded.items() if value in text or other in text]


def test_a_stack_that_supplies_its_secrets_registers_each_as_a_secret() -> None:
    secrets = {one.name: one for one in run_program(SUPPLYING).objects if one.inputs["kind"] == "Secret"}
    wanted = {
        name: keys for name, keys in planted_secrets(SUPPLYING).items() if name in validate(SUPPLYING).every_secret
    }
    assert {name: one.inputs["stringData"] for name, one in secrets.items()} == {
        name: {key: Secret(value) for key, value in keys.items()} for name, keys in wanted.items()
    }


def test_the_state_hides_what_the_provider_answers_for_a_secret() -> None:
    """The provider knows nothing of what was secret on the way in, and sends the whole object back."""
    for one in run_program(SUPPLYING).objects:
        assert one.secret_outputs == ({"data", "stringData"} if one.inputs["kind"] == "Secret" else set())


@pytest.mark.parametrize("preview", [False, True], ids=["update", "preview"])
def test_no_secret_is_visible_outside_of_secrets(preview: bool, caplog: Any, capfd: Any) -> None:
    with caplog.at_level(logging.DEBUG):
        text = visible(run_program(SUPPLYING, preview=preview))
    printed = capfd.readouterr()
    assert leaks(text + caplog.text + printed.out + printed.err) == []


def test_a_leak_would_be_seen() -> None:
    import pulumi

    recording = record(lambda: pulumi.export("oops", f"postgres://shop:{planted()[0]}@users-db"))
    assert leaks(visible(recording)) == planted()[:1]


@pytest.mark.parametrize("stack", [stack for stack in STACKS if stack != SUPPLYING])
def test_a_stack_whose_cluster_supplies_them_registers_no_secret(stack: str) -> None:
    assert validate(stack).secrets, "the stack needs some"
    assert [one.urn for one in run_program(stack).objects if one.inputs["kind"] == "Secret"] == []


def missing(supplied: Any) -> InvalidConfiguration:
    """Pulumi prints a RunError without a traceback; behind it are the problems."""
    with pytest.raises(pulumi.RunError) as caught:
        run_program(SUPPLYING, {"polyglot:secrets": supplied})
    invalid = caught.value.__context__
    assert isinstance(invalid, InvalidConfiguration)
    assert str(caught.value) == str(invalid), "the user must see exactly the problems"
    return invalid


def test_without_any_secret_each_missing_key_is_one_problem() -> None:
    problems = missing(None).problems
    wanted = [(name, key) for name, keys in planted_secrets(SUPPLYING).items() for key in keys]
    assert {problem.location[-2:] for problem in problems} == set(wanted)
    assert len(problems) == len(wanted)


def test_a_missing_secret_comes_with_the_command_that_sets_it() -> None:
    supplied = planted_secrets(SUPPLYING)
    del supplied["users-db"]["password"]
    (problem,) = missing(supplied).problems
    assert problem.file == "stacks/Pulumi.dev.yaml"
    assert "pulumi config set --stack dev --secret --path 'polyglot:secrets.users-db.password'" in problem.fix
    assert leaks(str(problem)) == []


def test_a_receiver_of_alerts_without_its_secret_is_a_problem() -> None:
    """Alertmanager would start, and tell nobody."""
    supplied = planted_secrets(SUPPLYING)
    del supplied["alertmanager"]["slack-url"]
    (problem,) = missing(supplied).problems
    assert problem.location == ("config", "polyglot:secrets", "alertmanager", "slack-url")
    assert "'polyglot:secrets.alertmanager.slack-url'" in problem.fix


@pytest.mark.parametrize("wrong", ["planted-text", ["planted-item"], 7], ids=type)
def test_a_secret_that_is_no_mapping_is_a_problem_for_each_key_and_not_shown(wrong: Any) -> None:
    """`pulumi config set --secret --path polyglot:secrets.cache VALUE` forgets the key, and makes such a thing."""
    error = missing(planted_secrets(SUPPLYING) | {"users-db": wrong})
    assert [problem.location[-2:] for problem in error.problems] == [("users-db", "password"), ("users-db", "username")]
    assert "planted" not in str(error)


def test_secrets_that_are_no_mapping_at_all_are_a_problem_and_not_shown() -> None:
    """`pulumi config set --secret polyglot:secrets VALUE` forgets the whole path."""
    for wrong in ("planted-text", "7", '["planted-item"]', '"planted-quoted"'):
        error = missing(wrong)
        assert "polyglot:secrets" in str(error)
        assert "planted" not in str(error)


def test_an_empty_secret_is_a_problem() -> None:
    """`pulumi config set` takes what a pipe hands it, also nothing; Redis would then let everybody in."""
    supplied = planted_secrets(SUPPLYING)
    supplied["users-db"]["password"] = ""
    assert [problem.location[-1] for problem in missing(supplied).problems] == ["password"]
