"""The `pulumi.com/waitFor` annotation."""

import pytest

from launcher.standin.kubernetes.wait_for import conditions
from tests.standin.manifests import deployment

LIVE = {
    "spec": {"paused": False, "replicas": 3},
    "status": {
        "phase": "Bound",
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "Stalled", "status": "False"}],
    },
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("condition=Ready", True),
        ("condition=Stalled", False),
        ("condition=Stalled=False", True),
        ("condition=Synced", False),
        ("jsonpath={.status.phase}=Bound", True),
        ("jsonpath={.status.phase}=Lost", False),
        ("jsonpath={.status.phase}", True),
        ("jsonpath={.status.address}", False),
        ("jsonpath={.spec.replicas}=3", True),
        ("jsonpath={.spec.paused}=false", True),
        ('["condition=Ready", "jsonpath={.status.phase}=Bound"]', True),
        ('["condition=Ready", "condition=Synced"]', False),
    ],
)
def test_a_condition_holds_or_does_not(text: str, holds: bool) -> None:
    assert all(condition.holds(LIVE) for condition in conditions(deployment(waitFor=text))) is holds


def test_without_the_annotation_there_is_nothing_to_wait_for() -> None:
    assert conditions(deployment()) == ()
