"""A container's variables: what follows from its dependencies, its runtime's budget, and its own."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.quantities import byte_count
from components.specs.container import Container, Language
from components.specs.resources import Limits, Resources
from components.specs.variables import SecretReference
from components.workloads.environment import runtime_budget, variables
from tests.components.workload import build, environment, main, pod, refusals

DERIVED = {"USERS_ADDR": "users:50051", "CACHE_PASSWORD": SecretReference(secret="cache", key="password")}
SIZES = st.builds(lambda number, suffix: f"{number}{suffix}", st.integers(2, 4000), st.sampled_from(("Mi", "Gi", "M")))


def test_variables_come_in_the_order_derived_budget_own() -> None:
    """Kubernetes expands ``$(NAME)`` only where NAME stands above: a service may refer to all that it is given."""
    built = build(
        "{language: go, resources: {cpu: 600m, memory: 512Mi}, env: {MODE: fast, URL: http://$(USERS_ADDR)}}",
        environment=DERIVED,
    )
    assert environment(main(built)) == {
        "USERS_ADDR": "users:50051",
        "CACHE_PASSWORD": {"secretKeyRef": {"name": "cache", "key": "password"}},
        "GOMEMLIMIT": "460MiB",
        "GOMAXPROCS": "3",
        "MODE": "fast",
        "URL": "http://$(USERS_ADDR)",
    }
    assert list(environment(main(built))) == ["USERS_ADDR", "CACHE_PASSWORD", "GOMEMLIMIT", "GOMAXPROCS", "MODE", "URL"]


def test_what_a_service_sets_itself_wins() -> None:
    built = build("{language: go, env: {GOMAXPROCS: 7, USERS_ADDR: 'localhost:1'}}", environment=DERIVED)
    found = environment(main(built))
    assert (found["GOMAXPROCS"], found["USERS_ADDR"]) == ("7", "localhost:1")
    assert len(main(built)["env"]) == len(found), "a variable is set twice, and the API server would drop one"


@pytest.mark.parametrize(
    ("written", "text"), [("1", "1"), ("0.5", "0.5"), ("true", "true"), ("'on'", "on"), ("-3", "-3"), ("''", "")]
)
def test_numbers_and_truth_values_become_the_text_that_a_shell_sees(written: str, text: str) -> None:
    assert environment(main(build(f"env: {{VALUE: {written}}}")))["VALUE"] == text


def test_java_options_are_merged_into_the_budget_and_never_replace_it() -> None:
    found = environment(main(build("{language: java, env: {JAVA_TOOL_OPTIONS: -Xss512k}}")))
    assert found["JAVA_TOOL_OPTIONS"] == (
        "-XX:MaxRAMPercentage=75.0 -XX:+ExitOnOutOfMemoryError -XX:ActiveProcessorCount=1 -Xss512k"
    )


def test_java_options_from_a_reference_are_merged_too() -> None:
    text = "{language: java, env: {JAVA_TOOL_OPTIONS: {config: jvm, key: options}, LATER: x}}"
    found = environment(main(build(text)))
    assert found["OWN_JAVA_TOOL_OPTIONS"] == {"configMapKeyRef": {"name": "jvm", "key": "options"}}
    assert found["JAVA_TOOL_OPTIONS"].endswith(" $(OWN_JAVA_TOOL_OPTIONS)")
    names = list(found)
    assert names.index("OWN_JAVA_TOOL_OPTIONS") < names.index("JAVA_TOOL_OPTIONS"), "it could not be expanded"


def test_merged_java_options_keep_their_place_for_variables_that_refer_to_them() -> None:
    """``$(NAME)`` is expanded only below NAME."""
    text = "{language: java, env: {JAVA_TOOL_OPTIONS: -Xss512k, MAVEN_OPTS: $(JAVA_TOOL_OPTIONS) -q}}"
    names = list(environment(main(build(text))))
    assert names.index("JAVA_TOOL_OPTIONS") < names.index("MAVEN_OPTS")


@pytest.mark.parametrize(
    ("language", "cpu", "expected"),
    [
        ("go", "600m", {"GOMAXPROCS": "3"}),
        ("go", "250m", {"GOMAXPROCS": "1"}),
        ("java", "400m", {"JAVA_TOOL_OPTIONS": "-XX:ActiveProcessorCount=2"}),
        ("python", "300m", {"PYTHON_CPU_COUNT": "2", "OMP_NUM_THREADS": "2"}),
    ],
)
def test_processors_follow_the_cpu_limit_rounded_up(language: str, cpu: str, expected: dict[str, str]) -> None:
    """The limit is four times the request unless it is given."""
    found = environment(main(build(f"{{language: {language}, resources: {{cpu: {cpu}}}}}")))
    for name, text in expected.items():
        assert text in found[name]


def test_without_a_cpu_limit_nothing_is_said_of_processors() -> None:
    """A runtime then counts the node's own, as the kernel gives it what is free."""
    for language in ("go", "java", "python"):
        built = build(f"{{language: {language}, exceptions: {{cpu-limit: it bursts at start and is idle else}}}}")
        assert "cpu" not in main(built)["resources"]["limits"]
        found = environment(main(built))
        assert not {"GOMAXPROCS", "PYTHON_CPU_COUNT", "OMP_NUM_THREADS"} & set(found)
        assert "ActiveProcessorCount" not in found.get("JAVA_TOOL_OPTIONS", "")


def test_an_unknown_runtime_is_told_nothing() -> None:
    assert "env" not in main(build("language: other"))


@given(SIZES)
def test_go_is_told_less_memory_than_its_container_has(memory: str) -> None:
    """At the limit itself the kernel kills; Go's collector must start working before."""
    text = runtime_budget(Language.GO, Resources(memory=memory))["GOMEMLIMIT"]
    found = re.fullmatch(r"(\d+)([KM])iB", text)
    assert found, "the unit is one that Go's runtime knows"
    assert 0 < int(found[1]) * {"K": 1024, "M": 1024**2}[found[2]] < byte_count(memory)


@given(st.integers(1, 64_000))
def test_a_runtime_counts_on_at_least_one_processor_and_on_no_more_than_it_may_use(thousandths: int) -> None:
    resources = Resources(cpu="1m", limits=Limits(cpu=f"{thousandths}m"))
    cores = int(runtime_budget(Language.GO, resources)["GOMAXPROCS"])
    assert (
        cores
        == runtime_budget_of_java(resources)
        == int(runtime_budget(Language.PYTHON, resources)["PYTHON_CPU_COUNT"])
    )
    assert cores >= 1
    assert (cores - 1) * 1000 < thousandths <= cores * 1000 or thousandths < 1000


def runtime_budget_of_java(resources: Resources) -> int:
    options = runtime_budget(Language.JAVA, resources)["JAVA_TOOL_OPTIONS"]
    return int(options.rpartition("ActiveProcessorCount=")[2])


NAMES = st.sampled_from(("A", "B", "C", "GOMAXPROCS", "GOMEMLIMIT"))


@given(st.dictionaries(NAMES, st.sampled_from("xyz")), st.dictionaries(NAMES, st.sampled_from("uvw")))
def test_own_variables_are_all_there_and_in_their_order(own: dict[str, str], derived: dict[str, str]) -> None:
    found = variables(Container.model_validate({"language": "go", "env": own}), derived)
    assert {name: found[name] for name in own} == own
    assert [name for name in found if name in own] == list(own)
    assert set(found) == {*own, *derived, "GOMAXPROCS", "GOMEMLIMIT"}


def test_fields_and_budgets_of_the_pod_are_read_by_the_downward_api() -> None:
    built = build("""
        env:
          POD_IP: {field: status.podIP}
          NODE: {field: spec.nodeName}
          MEMORY: {resource: limits.memory, divisor: 1Mi}
    """)
    assert environment(main(built)) == {
        "POD_IP": {"fieldRef": {"fieldPath": "status.podIP"}},
        "NODE": {"fieldRef": {"fieldPath": "spec.nodeName"}},
        "MEMORY": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}},
    }


def test_whole_config_maps_and_secrets_are_read_in_the_order_given() -> None:
    """Of two that set one variable the later one wins."""
    built = build(
        "env-from: [{config: base}, {secret: keys, prefix: KEY_, optional: true}, {config: late, optional: true}]"
    )
    assert main(built)["envFrom"] == [
        {"configMapRef": {"name": "base"}},
        {"prefix": "KEY_", "secretRef": {"name": "keys", "optional": True}},
        {"configMapRef": {"name": "late", "optional": True}},
    ]


def test_an_optional_key_lets_the_pod_start_without_it() -> None:
    built = build("env: {A: {config: base, key: a, optional: true}, B: {secret: keys, key: b}}")
    assert environment(main(built)) == {
        "A": {"configMapKeyRef": {"name": "base", "key": "a", "optional": True}},
        "B": {"secretKeyRef": {"name": "keys", "key": "b"}},
    }


@pytest.mark.parametrize(
    ("env", "wrong"),
    [
        ("{A: $(B), B: x}", [("env.A", "refers to $(B), which is defined after it")]),
        ("{A: $(A)}", [("env.A", "refers to $(A), which is itself")]),
        ("{A: x, B: $(A)}", []),
        ("{A: $$(B), B: x}", []),
        ("{A: $(HOME)}", []),
        ("{A: $$$(B), B: x}", [("env.A", "refers to $(B), which is defined after it")]),
    ],
)
def test_a_reference_to_a_later_variable_is_found(env: str, wrong: list[tuple[str, str]]) -> None:
    """``$$`` stands for a dollar sign, so an even number of them makes a text and an odd one a reference."""
    assert refusals(f"env: {env}") == wrong


def test_only_the_main_container_is_told_of_dependencies() -> None:
    built = build("containers: {proxy: {image: 'example.com/proxy:1'}}", environment=DERIVED)
    assert "env" not in pod(built)["containers"][1]
