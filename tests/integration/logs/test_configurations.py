"""The Collector itself accepts every configuration that the agents get, where it has the parts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.observability.arguments import ObservabilityArgs
from components.observability.collector.parts.document import CONFIG_FILE
from components.observability.log_agents.config import (
    NODE_FOLDER,
    NODE_NAME,
    PASSWORD,
    STATE_FOLDER,
    log_agent_config,
)
from tests.integration.servers.collector import complaint
from tests.observability.logs.logged import VARIANTS, logged

ENVIRONMENT = {
    NODE_NAME: "node-1",
    PASSWORD: "secret",
    # It looks for a cluster while it reads its configuration.
    "KUBERNETES_SERVICE_HOST": "127.0.0.1",
    "KUBERNETES_SERVICE_PORT": "443",
}


def said(text: str, folder: Path) -> str:
    """What the Collector says against a configuration whose folders are here."""
    for name in (STATE_FOLDER, NODE_FOLDER):
        here = folder / name.strip("/").replace("/", "-")
        here.mkdir()
        text = text.replace(f'"{name}"', f'"{here}"')
    return complaint(text, folder, ENVIRONMENT)


@pytest.mark.parametrize("variant", sorted(VARIANTS.keys() - {"elasticsearch"}))
def test_it_accepts_what_it_is_given(variant: str, tmp_path: Path) -> None:
    """The exporter for Elasticsearch can't be had: docs/traces_and_logs.md."""
    assert said(log_agent_config(VARIANTS[variant])[CONFIG_FILE], tmp_path) == ""


def broken(args: ObservabilityArgs, pattern: str) -> str:
    document = json.loads(log_agent_config(args)[CONFIG_FILE])
    document["receivers"]["file_log"]["operators"][0]["regex"] = pattern
    return json.dumps(document)


def test_it_refuses_what_it_can_not_read(tmp_path: Path) -> None:
    """The test above can fail."""
    assert "missing closing" in said(broken(logged(), "(?P<time>"), tmp_path)
