"""What the services of every language have in common: each language's tests compare with the same files."""

import json
from pathlib import Path
from typing import Any

SHARED = Path(__file__).parents[2] / "testdata"


def shared(name: str) -> Any:
    return json.loads((SHARED / name).read_text(encoding="utf-8"))
