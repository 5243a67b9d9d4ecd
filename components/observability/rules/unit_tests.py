"""The alerts' unit tests, as promtool reads them. Pure.

https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
"""

import json
from collections.abc import Mapping
from typing import Any

from components.observability.arguments import ObservabilityArgs
from components.observability.rules.groups import annotations, labels, rule_groups
from components.observability.rules.model import Alert, AlertTest, Firing
from components.quantities import duration_text


def unit_test_files(args: ObservabilityArgs) -> dict[str, str]:
    """Return file → text, one for each group with alerts, beside the files of rules that they name.

    A test has only the group's own rules: its series are what these read, whoever records them.
    """
    files: dict[str, str] = {}
    for group in rule_groups(args):
        cases = [_case(args, alert, test) for alert in group.rules if isinstance(alert, Alert) for test in alert.tests]
        if cases:
            body = {"rule_files": [f"{group.name}.yaml"], "evaluation_interval": "1m", "tests": cases}
            files[f"{group.name}.test.yaml"] = json.dumps(body, indent=1) + "\n"
    return files


def _case(args: ObservabilityArgs, alert: Alert, test: AlertTest) -> Mapping[str, Any]:
    return {
        "name": f"{alert.name}: {test.name}",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in test.series.items()],
        "alert_rule_test": [
            {
                "alertname": alert.name,
                "eval_time": duration_text(test.at),
                "exp_alerts": [_expected(args, alert, firing) for firing in test.fires],
            }
        ],
    }


def _expected(args: ObservabilityArgs, alert: Alert, firing: Firing) -> Mapping[str, Any]:
    said = {**annotations(args, alert), "summary": firing.summary}
    return {"exp_labels": {**firing.labels, **_set(alert, firing)}, "exp_annotations": said}


def _set(alert: Alert, firing: Firing) -> dict[str, str]:
    """Return the labels that the alert sets; another severity is that of an alert of the same name."""
    own = labels(alert)
    return {**own, "severity": firing.labels.get("severity", own["severity"])}
