"""The role table as data: what a rule covers, and which rules change nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.mesh.roles import PathPattern, role_access, role_findings, role_rules
from tests.mesh.authorization import is_path

parts = st.sampled_from(["a", "b", "*"])
patterns = st.builds(PathPattern, st.lists(parts, max_size=3).map(tuple), st.booleans()).filter(
    lambda pattern: pattern.segments or pattern.is_open
)
paths = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=5).map(lambda found: "/" + "/".join(found))
every_path = [
    f"/{a}{b}{c}{d}"
    for a in "abc"
    for b in ("", "/a", "/b", "/c")
    for c in ("", "/a", "/b")
    for d in ("", "/a", "/b/c")
    if (b or not c) and (c or not d)
]


def by_regex(pattern: PathPattern, path: str) -> bool:
    """What a pattern means, written another way."""
    expression = re.escape(str(pattern)).replace(r"/\*\*", "/.+").replace(r"\*", "[^/]+")
    return re.fullmatch(expression, path) is not None


@given(patterns, paths)
def test_a_policy_reads_a_pattern_as_the_table_means_it(pattern: PathPattern, path: str) -> None:
    assert is_path(pattern.istio(), path) is by_regex(pattern, path)


@given(patterns, patterns)
def test_a_pattern_covers_another_if_all_its_paths_are_its_own(one: PathPattern, other: PathPattern) -> None:
    uncovered = [path for path in every_path if by_regex(other, path) and not by_regex(one, path)]
    if one.covers(other):
        assert uncovered == []
    else:
        # Paths of another letter and another length are among those tried, so what is not covered shows.
        assert uncovered or one.segments.count("*") != other.segments.count("*")


@given(patterns, paths, paths)
def test_what_is_below_a_prefix_is_what_both_fit(pattern: PathPattern, prefix: str, path: str) -> None:
    is_below = f"{path}/".startswith(f"{prefix}/")
    found = any(by_regex(one, path) for one in pattern.below(prefix))
    assert found is (is_below and by_regex(pattern, path))


@pytest.mark.parametrize("text", ["/", "/**", "/a", "/a/*/b", "/a/**", "/*/b/**", "/a/"])
def test_a_pattern_is_written_as_it_was_read(text: str) -> None:
    assert str(PathPattern.parse(text)) == text


def test_the_table_is_read_in_its_order() -> None:
    table = role_rules({"guest": ("GET /a",), "admin": ("* /b/**", "GET,POST /c")})
    assert [(one.role, sorted(one.methods), str(one.path)) for one in table] == [
        ("guest", ["GET"], "/a"),
        ("admin", [], "/b/**"),
        ("admin", ["GET", "POST"], "/c"),
    ]


def test_methods_count_in_what_a_rule_covers() -> None:
    every, two, one = (role_access("user", f"{methods} /a") for methods in ("*", "GET, POST", "GET"))
    assert every.covers(two) and two.covers(one)
    assert not two.covers(every) and not one.covers(two)


def found(**roles: tuple[str, ...]) -> list[tuple[tuple[str | int, ...], str]]:
    return [(location, error.message()) for location, error in role_findings(roles)]


def test_a_table_in_which_every_rule_counts_is_accepted() -> None:
    assert found(guest=("GET /api/public",), user=("GET, POST /api/user/**",), admin=("* /api/admin/**",)) == []


def test_a_rule_that_guests_have_anyway_is_found() -> None:
    ((location, message),) = found(guest=("GET /api/**",), user=("POST /api/a", "GET /api/public"))
    assert location == ("user", 1)
    assert message == "changes nothing: guests may do it already, by 'GET /api/**'"


def test_a_rule_that_the_same_role_has_twice_is_found_once() -> None:
    ((location, message),) = found(user=("GET /a", "GET /a"))
    assert location == ("user", 1), "the first one is the one to keep"
    assert message == "changes nothing: the role may do it already, by 'GET /a'"


@pytest.mark.parametrize("wider", ["GET /a/**", "* /a/*", "GET, POST /a/b"])
def test_a_rule_that_another_covers_is_found_whichever_comes_first(wider: str) -> None:
    assert [location for location, _ in found(user=(wider, "GET /a/b"))] == [("user", 1)]
    assert [location for location, _ in found(user=("GET /a/b", wider))] == [("user", 0)]


def test_rules_that_only_overlap_are_accepted() -> None:
    assert found(user=("GET /a/**", "POST /a/b", "* /a"), admin=("GET /a/b",)) == []


def test_a_role_without_rules_is_found() -> None:
    assert found(user=()) == [(("user",), "has no rules")]


def test_a_role_that_a_policy_would_take_for_many_is_found() -> None:
    assert found(**{"admin*": ("GET /a",)}) == [(("admin*",), "is not the name of a role")]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/a/**/b", "goes on after '**'"),
        ("/a*", "has '*' within a segment"),
        ("/a?b=c", "has one of"),
        ("/{a}", "has one of"),
        ("/a//b", "has '//', '.' or '..' in it"),
        ("/a/../b", "has '//', '.' or '..' in it"),
    ],
)
def test_a_path_that_no_policy_can_say_is_found(path: str, problem: str) -> None:
    ((location, message),) = found(user=(f"GET {path}",))
    assert location == ("user", 0)
    assert problem in message
