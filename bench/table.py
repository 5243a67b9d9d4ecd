"""Results as a Markdown table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measurement: a median, and where there is one, the median that it is compared with."""

    what: str
    unit: str
    value: float
    reference: float | None
    aim: str
    """Of the ratio, or of the value where there is nothing to compare with."""

    def cells(self) -> tuple[str, ...]:
        """Return the row's texts."""
        if self.reference is None:
            return self.what, self._text(self.value), "none", "none", self.aim
        ratio = self.value / self.reference
        return self.what, self._text(self.value), self._text(self.reference), f"{ratio:.2f}", self.aim

    def _text(self, value: float) -> str:
        return f"{value:.3g} {self.unit}"


def markdown(rows: Iterable[Row]) -> str:
    """Return a table of medians and ratios."""
    header = ("what", "this project", "compared with", "ratio", "aim")
    lines = [header, ("---", *["---:"] * 3, "---"), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
