"""What a proxy must hold does not grow with the platform: the numbers of `python -m bench mesh`, as a property."""

from __future__ import annotations

import pytest

from bench.mesh import held_by_each, platform


@pytest.mark.parametrize("services", [20, 100])
def test_a_proxy_holds_what_it_calls_however_large_the_platform_is(services: int) -> None:
    scoped, unscoped = held_by_each(services)
    small, small_unscoped = held_by_each(20)
    assert len(scoped) == services, "each workload has a scope"
    assert max(held.clusters for held in scoped) == max(held.clusters for held in small)
    assert max(held.objects for held in scoped) == max(held.objects for held in small)
    assert unscoped.clusters >= small_unscoped.clusters * services / 20 * 0.9, "without a scope it would grow"


def test_a_proxy_holds_something_for_each_of_its_calls() -> None:
    args = platform(20)
    scoped, _ = held_by_each(20)
    for held, workload in zip(scoped, args.workloads.values(), strict=True):
        assert held.clusters >= len(workload.calls), f"{workload.name} could not call all that it declares"
