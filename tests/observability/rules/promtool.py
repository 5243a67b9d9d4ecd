"""Rules before the real promtool."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from components.quantities import duration_text
from launcher.gobuild import built
from tests.tools.prometheus import PROMTOOL


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool in a folder; what it says is in `stdout`, all of it."""
    command = [str(built(PROMTOOL)), *arguments]
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def write(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Write files, and return their names."""
    for name, text in files.items():
        (folder / name).write_text(text)
    return sorted(files)


def evaluate(
    folder: Path,
    rules: Mapping[str, str],
    series: Mapping[str, str],
    expected: Mapping[str, Mapping[str, float]],
    *,
    at: timedelta,
    step: timedelta,
) -> str:
    """Have promtool evaluate rules over series, a sample a step, and compare; return what it says against them.

    `expected` names expressions, and for each of them every series and value at that time.
    """
    case = {
        "interval": duration_text(step),
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": expression,
                "eval_time": duration_text(at),
                "exp_samples": [{"labels": labels, "value": value} for labels, value in samples.items()],
            }
            for expression, samples in expected.items()
        ],
    }
    body = {
        "rule_files": write(folder, rules),
        "evaluation_interval": duration_text(step),
        "fuzzy_compare": True,
        "tests": [case],
    }
    (folder / "expressions.test.yaml").write_text(json.dumps(body))
    done = run(folder, "test", "rules", "expressions.test.yaml")
    return "" if done.returncode == 0 else done.stdout or "promtool failed without a word"
