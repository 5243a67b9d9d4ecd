"""Input that Kubernetes, a kubelet or a program would trip over later is refused before anything is registered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.stacks.late_failures import LATE
from tests.stacks.project import Project, place

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(("catalogue", "environment", "at"), LATE)
def test_what_would_fail_later_is_refused_now(
    tmp_path: Path, catalogue: dict[str, Any], environment: dict[str, Any], at: str
) -> None:
    problems = Project(tmp_path).change(catalogue, environment).problems()
    assert len(problems) == 1, "one mistake, one problem:\n\n" + "\n\n".join(map(str, problems))
    assert place(problems[0]).startswith(at)


@pytest.mark.parametrize(
    ("catalogue", "environment", "at"),
    [
        ({}, {"cluster": {"contxt": "dev"}}, "Pulumi.dev.yaml cluster.contxt"),
        ({}, {"stores cache": {"storag": "1Gi"}}, "Pulumi.dev.yaml stores.cache.storag"),
        ({}, {"broker replicas": 2}, "Pulumi.dev.yaml broker.replicas"),
        ({}, {"broker storage": "5GB"}, "Pulumi.dev.yaml broker.storage"),
        (
            {"services orders volumes": {"data": {"clam": "1Gi"}}},
            {},
            "catalogue.yaml services.orders.volumes.data.clam",
        ),
        (
            {"services orders volumes": {"data": {"claim": "1Gi", "acess": "ReadWriteMany"}}},
            {},
            "catalogue.yaml services.orders.volumes.data.acess",
        ),
        (
            {"services orders env": {"TOKEN": {"secret": "users-db", "ky": "password"}}},
            {},
            "catalogue.yaml services.orders.env.TOKEN.ky",
        ),
    ],
)
def test_a_misspelt_key_is_named_itself_where_the_key_tells_what_is_meant(
    tmp_path: Path, catalogue: dict[str, Any], environment: dict[str, Any], at: str
) -> None:
    """A volume is known by its key, ``claim`` or ``config``; a typo there must not be blamed on something else."""
    problems = Project(tmp_path).change(catalogue, environment).problems()
    assert [place(problem) for problem in problems] == [at], "\n\n".join(map(str, problems))
    if at.rpartition(".")[2] not in {"replicas", "storage"}:
        assert "did you mean" in problems[0].fix


@pytest.mark.parametrize(
    ("stack", "environment", "at"),
    [
        ("dev", {"services users versions stable weight": "80%"}, "Pulumi.dev.yaml services.users.versions"),
        (
            "prod",
            {"services orders image": "registry.example.com/shop/orders"},
            "Pulumi.prod.yaml services.orders.image",
        ),
        (
            "prod",
            {"services orders disruption-budget": None},
            "Pulumi.prod.yaml services.orders.disruption-budget",
        ),
    ],
    ids=["weights of 90 %", "an image without a tag", "no budget"],
)
def test_one_cause_is_told_once(tmp_path: Path, stack: str, environment: dict[str, Any], at: str) -> None:
    """A second problem with the same cause sends the reader looking for a second mistake."""
    problems = Project(tmp_path, stack).change(environment=environment).problems()
    assert [place(problem) for problem in problems] == [at], "\n\n".join(map(str, problems))


@pytest.mark.parametrize(
    ("catalogue", "words"),
    [
        ({"services orders publishes": ["order.created"]}, "ORDERS/order.created"),
        ({"services fulfilment consumes": {"order.created": {}}}, "ORDERS/order.created"),
        ({"streams orders": {"subjects": ["order.*"]}}, "upper"),
        ({"services orders exceptions": {"run-as-root": "legacy"}}, "why"),
        ({"services gateway ports http": "8080"}, "8080"),
        ({"services orders env": {"TOKEN": {"sekret": "users-db", "ky": "password"}}}, "secret"),
    ],
)
def test_a_fix_says_what_to_write(tmp_path: Path, catalogue: dict[str, Any], words: str) -> None:
    """A regular expression, or a count of characters, is no fix."""
    (problem,) = Project(tmp_path).change(catalogue).problems()
    assert words in problem.fix, str(problem)


@pytest.mark.parametrize(
    ("catalogue", "environment"),
    [
        ({"services orders sidecars": {"proxy": {"image": "example.com/proxy:1"}}}, {}),
        ({}, {"broker": {"storage": "1Gi"}, "observability images nats-exporter": f"example.com/exporter:1@{DIGEST}"}),
        ({}, {"observability images grafana": "example.com/grafana:1"}),
    ],
)
def test_the_fix_for_a_missing_digest_names_a_setting_that_exists(
    tmp_path: Path, catalogue: dict[str, Any], environment: dict[str, Any]
) -> None:
    """An override knows only the main container's image: a sidecar's stands in the catalogue, NATS's under broker."""
    (problem,) = Project(tmp_path, "prod").change(catalogue, environment).problems()
    in_environment = "broker.image" if "broker" in environment else "observability.images.grafana"
    where = "services.orders.sidecars.proxy.image in the catalogue" if catalogue else in_environment
    assert where in problem.fix, str(problem)


def test_a_faulty_item_does_not_make_its_list_look_empty(tmp_path: Path) -> None:
    problems = Project(tmp_path).change({"streams ORDERS subjects": ["order..*"]}).problems()
    assert [place(problem) for problem in problems] == ["catalogue.yaml streams.ORDERS.subjects[0]"], "\n".join(
        map(str, problems)
    )
