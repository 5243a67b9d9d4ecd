"""What people read when their catalogue or their environment is wrong: one problem for one mistake, in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks.loader import CATALOGUE, validate
from stacks.problems import InvalidConfiguration, Problem
from tests.stacks import (
    bad_access,
    bad_alerts,
    bad_builds,
    bad_combinations,
    bad_environments,
    bad_images,
    bad_mesh,
    bad_objectives,
    bad_observability,
    bad_operations,
    bad_references,
    bad_tracing,
    bad_traffic,
    bad_values,
)
from tests.stacks.bad_input import Mistake
from tests.stacks.project import STACKS, Project, place
from tests.unprivileged import unprivileged

MISTAKES = (
    *bad_values.MISTAKES,
    *bad_combinations.MISTAKES,
    *bad_operations.MISTAKES,
    *bad_references.MISTAKES,
    *bad_environments.MISTAKES,
    *bad_builds.MISTAKES,
    *bad_images.MISTAKES,
    *bad_access.MISTAKES,
    *bad_traffic.MISTAKES,
    *bad_mesh.MISTAKES,
    *bad_objectives.MISTAKES,
    *bad_alerts.MISTAKES,
    *bad_observability.MISTAKES,
    *bad_tracing.MISTAKES,
)
UNREADABLE = "nothing can be read from this file"


@pytest.mark.parametrize("stack", STACKS)
def test_the_committed_stacks_are_valid(tmp_path: Path, stack: str) -> None:
    assert Project(tmp_path, stack).problems() == ()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_a_mistake_is_one_problem_that_says_where_what_and_how(tmp_path: Path, mistake: Mistake) -> None:
    project = Project(tmp_path, mistake.stack).change(mistake.catalogue, mistake.environment)
    problems = project.problems()
    assert len(problems) == 1, "one mistake, one problem:\n\n" + "\n\n".join(map(str, problems))
    (problem,) = problems
    assert place(problem) == mistake.place
    assert project.line(problem) == mistake.line
    assert problem.value == mistake.value
    assert problem.message == mistake.message
    assert problem.consequence == mistake.consequence
    assert problem.fix == mistake.fix


def test_each_kind_of_mistake_is_planted_once() -> None:
    names = [mistake.what for mistake in MISTAKES]
    assert len(names) == len(set(names))


def only(problems: tuple[Problem, ...]) -> Problem:
    assert len(problems) == 1, "\n\n".join(map(str, problems))
    return problems[0]


def test_a_stack_without_a_file_is_named(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.stack = "staging"
    problem = only(project.problems())
    assert problem.file == "stacks/Pulumi.staging.yaml"
    assert (problem.message, problem.consequence) == ("does not exist", UNREADABLE)
    assert problem.fix == "create it, or correct the name or the folder"


def test_a_file_that_is_no_yaml_is_named_with_line_and_column(tmp_path: Path) -> None:
    problem = only(Project(tmp_path).write(CATALOGUE, "platform: shop\nservices: {gateway: [}\n").problems())
    assert (problem.file, problem.line, problem.column) == (CATALOGUE, 2, 22)
    assert problem.consequence == UNREADABLE
    assert problem.message
    assert problem.fix


def test_a_key_that_is_written_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    text = "config:\n  polyglot:environment:\n    tier: development\n    tier: production\n"
    problem = only(Project(tmp_path).write("stacks/Pulumi.dev.yaml", text).problems())
    assert place(problem) == "Pulumi.dev.yaml tier"
    assert (problem.line, problem.column) == (4, 5)
    assert problem.message == "is written twice, first on line 3"
    assert problem.consequence == "one of the two values would be lost without a word"
    assert problem.fix == "keep one of the two"


@pytest.mark.parametrize("text", ["config: {}\n", "config: {polyglot:environment: }\n", "other: 1\n"])
def test_a_stack_file_without_an_environment_says_what_belongs_there(tmp_path: Path, text: str) -> None:
    problem = only(Project(tmp_path).write("stacks/Pulumi.dev.yaml", text).problems())
    assert problem.location == ("config", "polyglot:environment")
    assert problem.message == "is not there"
    assert problem.consequence == "nothing says how the platform runs here"
    assert problem.fix == "add it: config → polyglot:environment → tier, cluster, namespace, …"


def test_weights_that_the_replicas_cannot_give_are_told_with_what_they_would_give(tmp_path: Path) -> None:
    """Without a mesh a version's share of the requests is its share of the Pods."""
    versions = {"stable": {"weight": "90%"}, "canary": {"weight": "10%"}}
    project = Project(tmp_path, "local").change(environment={"services users": {"replicas": 3, "versions": versions}})
    problem = next(one for one in project.problems() if "canary" in one.location)
    assert place(problem) == "Pulumi.local.yaml services.users.versions.canary.weight"
    assert (project.line(problem), problem.value) == ("weight: 10%", "10%")
    assert problem.message == "can't be had with 3 replicas: 1 of 3 Pods are 33%"
    assert problem.consequence.startswith("a Service shares connections out over Pods alike")
    assert problem.fix == "use 7 replicas or more, or a weight near 33%"


EIGHT = {
    "catalogue.yaml services.users.resources.memory",
    "catalogue.yaml services.users.replica",
    "catalogue.yaml services.gateway.calls.user",
    "catalogue.yaml services.orders.publishes[0]",
    "catalogue.yaml services.orders.env.URL",
    "Pulumi.dev.yaml quota.cpu",
    "Pulumi.dev.yaml services.orders.replicas",
    "Pulumi.dev.yaml services.payments",
}


def eight(project: Project) -> Project:
    return project.change(
        catalogue={
            "services users resources memory": "512MB",
            "services users replica": 2,
            "services gateway calls user": {},
            "services orders publishes": ["ORDER/order.created"],
            "services orders env": {"URL": "https://$(HOST)", "HOST": "localhost"},
        },
        environment={
            "quota cpu": "many",
            "services orders": {"replicas": -1},
            "services payments": {"replicas": 2},
        },
    )


def test_eight_mistakes_in_both_files_are_all_told_at_once(tmp_path: Path) -> None:
    """A person who corrects one thing at a time starts the program eight times."""
    problems = eight(Project(tmp_path)).problems()
    assert sorted(map(place, problems)) == sorted(EIGHT), "each of them once, and nothing else"


def test_problems_come_in_the_order_of_file_and_line(tmp_path: Path) -> None:
    problems = eight(Project(tmp_path)).problems()
    assert [(problem.file, problem.line or 0) for problem in problems] == sorted(
        (problem.file, problem.line or 0) for problem in problems
    )


@pytest.mark.parametrize(
    ("catalogue", "environment", "faulty"),
    [
        ({"services users resources memory": "512MB"}, {}, "catalogue.yaml services.users.resources.memory"),
        ({"services users image": "users"}, {}, "catalogue.yaml services.users.image"),
        ({"services users lanugage": "java"}, {}, "catalogue.yaml services.users.lanugage"),
        ({"stores cache engine": "mongo"}, {}, "catalogue.yaml stores.cache.engine"),
        ({}, {"quota cpu": "many"}, "Pulumi.dev.yaml quota.cpu"),
        ({}, {"tier": "staging"}, "Pulumi.dev.yaml tier"),
        ({}, {"stores cache storage": "1GB"}, "Pulumi.dev.yaml stores.cache.storage"),
    ],
)
def test_a_faulty_value_does_not_hide_names_that_lead_nowhere(
    tmp_path: Path, catalogue: dict[str, object], environment: dict[str, object], faulty: str
) -> None:
    project = Project(tmp_path).change(catalogue, environment)
    project.change({"services gateway calls user": {}}, {"services payments": {"replicas": 2}})
    expected = {faulty, "catalogue.yaml services.gateway.calls.user", "Pulumi.dev.yaml services.payments"}
    assert set(map(place, project.problems())) == expected


def test_a_file_that_cannot_be_read_does_not_hide_what_is_wrong_in_the_other(tmp_path: Path) -> None:
    project = Project(tmp_path).change(environment={"quota cpu": "many"}).write(CATALOGUE, "services: [\n")
    assert [place(problem) for problem in project.problems()] == ["Pulumi.dev.yaml quota.cpu", "catalogue.yaml"]


SECRET = "correct-horse-battery-staple"  # planted


@pytest.mark.parametrize(
    ("catalogue", "environment"),
    [
        ({"secrets": {"api-token": {"keys": ["token"], "token": SECRET}}}, {}),
        ({"secrets": {"api-token": {"password": SECRET}}}, {}),
        ({"services orders env": {"DB_PASSWORD": {"value": SECRET}}}, {}),
        ({"services orders env": {"API_TOKEN": [SECRET]}}, {}),
        ({"services orders env": {"DB_PASSWORD": f"$(LATER){SECRET}", "LATER": "x"}}, {}),
        ({}, {"stores users-db password": SECRET}),
        ({}, {"secrets-from": {"password": SECRET}}),
    ],
)
def test_a_secret_in_the_wrong_place_is_never_printed(
    tmp_path: Path, catalogue: dict[str, object], environment: dict[str, object]
) -> None:
    """Problems are printed, logged and pasted into tickets."""
    problems = Project(tmp_path).change(catalogue, environment).problems()
    assert problems, "the planted mistake was not found"
    assert SECRET not in "\n".join(map(str, problems))


def test_the_stacks_own_secrets_are_neither_read_nor_printed(tmp_path: Path) -> None:
    project = Project(tmp_path).change(environment={"quota cpu": "many"})
    project.document["config"]["polyglot:secrets"] = {"users-db": {"password": SECRET}}
    assert SECRET not in "\n".join(map(str, project.problems()))


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    project = Project(tmp_path).save()
    (tmp_path / CATALOGUE).chmod(0)
    with unprivileged(), pytest.raises(InvalidConfiguration) as caught:
        validate(project.stack, tmp_path)
    assert {problem.message for problem in caught.value.problems} == {"may not be read by this user"}
    assert CATALOGUE in {problem.file for problem in caught.value.problems}
