"""Kubernetes quantities as exact numbers, so that `1Gi` equals `1024Mi`.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from decimal import Decimal

_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)")


def amount(quantity: object) -> Decimal | None:
    """The number that a quantity stands for, in its base unit (bytes, CPUs); None if it is not a quantity."""
    matched = _QUANTITY.fullmatch(str(quantity))
    if matched is None:
        return None
    number, exponent, suffix = matched.groups()
    return Decimal(number + exponent) if exponent else Decimal(number) * _SUFFIXES[suffix or ""]


def scaled(count_or_percent: float | str, total: int) -> int:
    """An int-or-percent of `total`, rounded up as the disruption controller rounds it.

    https://kubernetes.io/docs/tasks/run-application/configure-pdb/#rounding-logic-when-specifying-percentages
    Raises ValueError for text that is not a percentage.
    """
    if isinstance(count_or_percent, int | float):
        return int(count_or_percent)
    if not re.fullmatch(r"\d+%", count_or_percent):
        raise ValueError(
            f"{count_or_percent!r} is neither a number nor a percentage, so the API server refuses it: write 1 or 25%"
        )
    return -(-int(count_or_percent.removesuffix("%")) * total // 100)
