"""Fluent Bit as agent. Its program can't be had here: its configuration is checked against what is documented."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest
import yaml

from components.observability.arguments import MeshReporter, ObservabilityArgs
from components.observability.log_agents.config import PASSWORD, PODS_FOLDER
from components.observability.log_agents.fluent_bit import (
    FILE,
    STATE_FOLDER,
    TAKEN_OUT,
    as_ruby,
    fluent_bit_config,
    fluent_bit_workload,
)
from components.observability.log_agents.redaction import PATTERNS
from components.observability.log_agents.workload import log_agent_workload
from components.observability.names import FLUENT_BIT
from tests.components.workload import main, pod, template
from tests.observability.logs.logged import AGENTS, EDGE, VARIANTS, logged
from tests.observability.parts import part_objects

_EMITTER: Final = {"emitter_name", "emitter_storage.type"}
_ANY_OUTPUT: Final = {"match", "retry_limit"}
DOCUMENTED: Final[Mapping[tuple[str, str], set[str]]] = {
    # data-pipeline/inputs/tail, administration/buffering-and-storage#input-section-configuration
    ("inputs", "tail"): {
        *("tag", "path", "exclude_path", "multiline.parser", "db", "db.locking", "read_from_head", "refresh_interval"),
        *("rotate_wait", "buffer_max_size", "storage.type", "storage.pause_on_chunks_overlimit", "processors"),
    },
    # data-pipeline/filters/…
    ("filters", "rewrite_tag"): {"match", "rule", *_EMITTER},
    ("filters", "multiline"): {
        *("match", "multiline.key_content", "multiline.parser", "buffer", "flush_ms"),
        *_EMITTER,
    },
    ("filters", "kubernetes"): {
        *("match", "kube_tag_prefix", "regex_parser", "merge_log", "merge_log_key", "keep_log", "labels"),
        "annotations",
    },
    # data-pipeline/outputs/…, administration/scheduling-and-retries, administration/transport-security
    ("outputs", "loki"): {
        *("host", "port", "labels", "structured_metadata", "remove_keys", "drop_single_key"),
        *_ANY_OUTPUT,
    },
    ("outputs", "es"): {
        *("host", "port", "path", "index", "suppress_type_name", "replace_dots", "generate_id", "tls", "tls.verify"),
        *("http_user", "http_passwd"),
        *_ANY_OUTPUT,
    },
    ("outputs", "kafka"): {
        *("brokers", "topics", "format", "queue_full_retries", "rdkafka.request.required.acks"),
        *("rdkafka.security.protocol", "rdkafka.sasl.mechanism", "rdkafka.sasl.username", "rdkafka.sasl.password"),
        *_ANY_OUTPUT,
    },
}
"""Section and plugin → settings that its page of https://docs.fluentbit.io/manual has; no others are used."""
SERVICE: Final = {
    *("flush", "log_level", "http_server", "http_listen", "http_port"),
    *("storage.path", "storage.sync", "storage.metrics", "storage.max_chunks_up"),
}


def document(args: ObservabilityArgs) -> dict[str, Any]:
    text = fluent_bit_config(args)[FILE]
    assert yaml.safe_load(text) == json.loads(text), "JSON is YAML"
    return json.loads(text)


def unknown(found: dict[str, Any]) -> list[str]:
    """What is in a configuration and in no page of the manual."""
    sections = {"service", "parsers", "pipeline"}
    problems = [f"section {name}" for name in found.keys() - sections]
    problems += [f"service: {name}" for name in found["service"].keys() - SERVICE]
    for section, plugins in found["pipeline"].items():
        for plugin in plugins:
            known = DOCUMENTED.get((section, plugin["name"]))
            problems += (
                [f"{section}: {plugin['name']}"]
                if known is None
                else [f"{plugin['name']}: {name}" for name in plugin.keys() - known - {"name"}]
            )
    return problems


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_has_only_settings_that_are_documented(variant: str) -> None:
    assert unknown(document(VARIANTS[variant])) == []


def test_a_setting_that_nobody_knows_is_seen() -> None:
    found = document(logged())
    found["pipeline"]["inputs"][0]["redact"] = "on"
    found["pipeline"]["outputs"].append({"name": "loky"})
    assert unknown(found) == ["tail: redact", "outputs: loky"]


def test_only_the_platform_s_namespaces_are_read() -> None:
    (tail,) = document(logged(mesh=MeshReporter.SIDECAR))["pipeline"]["inputs"]
    folders = {path.removeprefix(f"{PODS_FOLDER}/").partition("/")[0] for path in tail["path"].split(",")}
    assert folders == {"shop_*", f"{EDGE}_*"}


def test_what_waits_is_on_disk_and_nothing_is_given_up() -> None:
    for variant in ("loki", "elasticsearch", "kafka"):
        found = document(VARIANTS[variant])
        (tail,), (output,) = found["pipeline"]["inputs"], found["pipeline"]["outputs"]
        assert found["service"]["storage.path"].startswith(STATE_FOLDER)
        assert found["service"]["storage.max_chunks_up"] == 512, "1Gi of chunks of 2 MiB"
        assert tail["storage.type"] == "filesystem" and tail["storage.pause_on_chunks_overlimit"] == "on"
        assert tail["db"].startswith(STATE_FOLDER)
        assert output["retry_limit"] == "no_limits"
        assert "storage.total_limit_size" not in output, "it would throw the oldest away"
        emitting = [one for one in found["pipeline"]["filters"] if "emitter_name" in one]
        assert {one["emitter_storage.type"] for one in emitting} == {"filesystem"}


def test_a_line_with_a_secret_is_replaced_before_it_is_stored() -> None:
    (tail,) = document(VARIANTS["own redaction"])["pipeline"]["inputs"]
    (processor,) = tail["processors"]["logs"]
    assert (processor["action"], processor["key"], processor["value"]) == ("upsert", "log", TAKEN_OUT)
    rules = processor["condition"]["rules"]
    assert processor["condition"]["op"] == "or", "one pattern that fits is enough"
    assert len(rules) == len(PATTERNS) + 2 + 1, "the platform's, the environment's, and lines of keys"
    assert {(rule["field"], rule["op"]) for rule in rules} == {("$log", "regex")}


@pytest.mark.parametrize(
    ("pattern", "ruby"),
    [
        (r"(?i)\bbearer", r"(?i)\bbearer"),
        (r"(?s)BEGIN.*END", r"(?m)BEGIN.*END"),
        (r"(?m)^x$", r"^x$"),
        (r"a(?is:b.)c", r"a(?im:b.)c"),
        (r"a(?m:^b)c", r"a(?:^b)c"),
        (r"(?P<iban>DE\d+)", r"(?<iban>DE\d+)"),
        (r"\${amount}", r"[$]{amount}"),
        (r"(?:x)", r"(?:x)"),
        (r"\pN\P{L}\PZ", r"\p{N}\P{L}\P{Z}"),
        (r"\Qa.b\E.", r"a\.b."),
    ],
)
def test_patterns_mean_the_same_in_its_language(pattern: str, ruby: str) -> None:
    assert as_ruby(pattern) == ruby


def test_no_password_is_in_the_configuration() -> None:
    for variant in ("kafka", "elasticsearch"):
        assert f"${{{PASSWORD}}}" in fluent_bit_config(VARIANTS[variant])[FILE]


def test_a_tag_tells_the_pod() -> None:
    (parser,) = document(logged())["parsers"]
    tag = f"{PODS_FOLDER}/shop_users-7d9f8b6c5-x2x7k_0a1b2c3d-0000-4000-8000-000000000000/users/0.log".replace("/", ".")
    for one in document(logged())["pipeline"]["filters"]:
        if one["name"] == "kubernetes":
            assert f"{one['match'].removesuffix('.*')}{tag}".startswith(one["kube_tag_prefix"])
    found = re.search(parser["regex"].replace("(?<", "(?P<"), tag.removeprefix(f"{PODS_FOLDER.replace('/', '.')}."))
    assert found is not None
    assert found.groupdict() == {
        "namespace_name": "shop",
        "pod_name": "users-7d9f8b6c5-x2x7k",
        "docker_id": "0a1b2c3d-0000-4000-8000-000000000000",
        "container_name": "users",
    }


def test_it_runs_as_the_other_agent_does() -> None:
    bodies = part_objects(FLUENT_BIT, fluent_bit_workload(logged()), namespace=AGENTS)
    volumes = {one["name"]: one["hostPath"] for one in pod(bodies)["volumes"] if "hostPath" in one}
    assert volumes == {
        "pods": {"path": PODS_FOLDER},
        "state": {"path": STATE_FOLDER, "type": "DirectoryOrCreate"},
    }
    assert main(bodies)["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert template(bodies)["metadata"]["annotations"]["prometheus.io/path"] == "/api/v2/metrics/prometheus"
    assert fluent_bit_workload(logged()).exceptions == log_agent_workload(logged()).exceptions
    assert PASSWORD in fluent_bit_workload(VARIANTS["kafka"]).env
