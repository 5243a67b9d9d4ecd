"""How Pulumi waits for what the program registers: its way of waiting decides how the cost grows with the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from stacks.assembly import deploy
from stacks.loader import PROJECT, validate
from tests.program.recorder import record, run_program

SECRETS = {name: dict.fromkeys(secret.keys, "value") for name, secret in validate("local").secrets.items()}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many outputs Pulumi waits for together, each time that it does."""
    found: list[int] = []
    wait: Callable[..., Any] = asyncio.wait

    async def counted(outputs: Iterable[Any], **options: Any) -> Any:
        outputs = list(outputs)
        found.append(len(outputs))
        return await wait(outputs, **options)

    monkeypatch.setattr(asyncio, "wait", counted)
    return found


def test_pulumi_does_not_wait_for_all_outputs_again_after_each_that_is_known(waits: list[int]) -> None:
    """That would cost the square of the platform's size."""
    recording = run_program("local")
    assert sum(waits) < len(recording.registrations)


def test_a_program_that_ends_before_its_registrations_start_is_waited_for_in_that_way(waits: list[int]) -> None:
    """Once this fails, Pulumi waits otherwise, and the pause at the end of the program can go."""
    recording = record(lambda: deploy(validate("local"), SECRETS, PROJECT))
    assert len(waits) > 1
    assert max(waits) > len(recording.registrations)
