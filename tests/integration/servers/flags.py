"""A generated workload's arguments on this machine: some flags get values of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def with_flags(arguments: Iterable[str], flags: Mapping[str, str | None]) -> list[str]:
    """The arguments, with these flags in place of what they say of them; None is a flag without a value.

    Arguments are of the form --flag=value, as the platform writes them: a value after a blank would be left behind.
    """
    kept = [argument for argument in arguments if argument.partition("=")[0] not in flags]
    return [*kept, *(name if value is None else f"{name}={value}" for name, value in flags.items())]
