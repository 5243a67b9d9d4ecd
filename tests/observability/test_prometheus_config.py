"""Prometheus' configuration: accepted by its own checker, and what stands in it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.observability.arguments import MeshReporter, ObservabilityArgs
from components.observability.prometheus.config import (
    CONFIG_FILE,
    RULES_FOLDER,
    SECRETS_FOLDER,
    prometheus_config,
    secret_keys,
)
from components.observability.prometheus.scrape_jobs import SERVICE_ACCOUNT
from components.observability.prometheus.workload import prometheus_workload
from components.quantities import byte_count
from tests.observability.rules import promtool
from tests.observability.scraped import EDGE, REMOTE, VARIANTS, scraped

RULES = {"groups": [{"name": "own", "rules": [{"record": "a:b", "expr": "sum(up)"}]}]}


def config(args: ObservabilityArgs) -> dict[str, Any]:
    return json.loads(prometheus_config(args)[CONFIG_FILE])


def job(args: ObservabilityArgs, name: str) -> dict[str, Any]:
    (found,) = (one for one in config(args)["scrape_configs"] if one["job_name"] == name)
    return found


def checked(text: str, args: ObservabilityArgs, folder: Path) -> subprocess.CompletedProcess[str]:
    """Prometheus' own check, which looks for files too: they are where the kubelet would mount them, below `folder`."""
    for mounted in (RULES_FOLDER, SECRETS_FOLDER, SERVICE_ACCOUNT):
        (folder / mounted.lstrip("/")).mkdir(parents=True)
        text = text.replace(f'"{mounted}/', f'"{folder}{mounted}/')
    for path in (
        f"{SERVICE_ACCOUNT}/token",
        *(f"{SECRETS_FOLDER}/{key}" for key in secret_keys(args.settings.metrics)),
    ):
        (folder / path.lstrip("/")).write_text("not-a-credential")
    (folder / SERVICE_ACCOUNT.lstrip("/") / "ca.crt").touch()
    (folder / RULES_FOLDER.lstrip("/") / "own.yaml").write_text(json.dumps(RULES))
    files = promtool.write(folder, {CONFIG_FILE: text})
    return promtool.run(folder, "check", "config", "--lint=all", "--lint-fatal", *files)


@pytest.mark.parametrize("variant", VARIANTS)
def test_prometheus_accepts_its_configuration(variant: str, tmp_path: Path) -> None:
    args = VARIANTS[variant]
    done = checked(prometheus_config(args)[CONFIG_FILE], args, tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 rule files found" in done.stdout, "the rules that are mounted beside it are read"


@pytest.mark.parametrize(
    ("planted", "told"),
    [
        (('"sample_limit"', '"samples_limit"'), "samples_limit"),
        (('"regex": "(.+)"', '"regex": "(.+"'), "missing closing"),
        (('"15d"', '"15 days"'), "15 days"),
        (("/serviceaccount/token", "/serviceaccount/lost"), "lost"),
    ],
)
def test_the_check_sees_what_is_wrong(planted: tuple[str, str], told: str, tmp_path: Path) -> None:
    args = VARIANTS["remote"]
    text = prometheus_config(args)[CONFIG_FILE].replace('"360h"', '"15d"')
    assert planted[0] in text
    done = checked(text.replace(*planted), args, tmp_path)
    assert done.returncode != 0 and told in done.stdout


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_file_that_it_names_is_mounted(variant: str) -> None:
    args = VARIANTS[variant]
    mounted = (*prometheus_workload(args).mounts, SERVICE_ACCOUNT)
    lost = [path for path in paths(config(args)) if not path.startswith(tuple(f"{folder}/" for folder in mounted))]
    assert not lost, "Prometheus would not start, or send samples without a password"


def paths(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key.endswith("_file"):
                yield one
            elif key == "rule_files":
                yield from one
            else:
                yield from paths(one)
    elif isinstance(value, list):
        for one in value:
            yield from paths(one)


def test_the_paths_are_found_wherever_they_stand() -> None:
    assert set(paths(config(VARIANTS["remote"]))) == {
        f"{RULES_FOLDER}/*.yaml",
        f"{SERVICE_ACCOUNT}/ca.crt",
        f"{SERVICE_ACCOUNT}/token",
        f"{SECRETS_FOLDER}/mimir-password",
        f"{SECRETS_FOLDER}/samples-token",
    }


def test_samples_are_kept_by_time_and_leave_before_the_disk_is_full() -> None:
    retention = config(scraped(retention="35d", storage="50Gi"))["storage"]["tsdb"]["retention"]
    assert retention["time"] == "840h"
    kept = int(retention["size"].removesuffix("MB")) * 2**20
    assert 0.8 * byte_count("50Gi") < kept < 0.9 * byte_count("50Gi"), "the write-ahead log stands on the same disk"


def test_a_scrape_ends_before_the_next_one_begins() -> None:
    assert config(scraped(**{"scrape-interval": "5s"}))["global"]["scrape_timeout"] == "5s"
    assert config(scraped(**{"scrape-interval": "1m"}))["global"]["scrape_timeout"] == "10s"


def test_every_alertmanager_hears_the_same_of_both_replicas() -> None:
    found = config(VARIANTS["pair"])
    ((managers,),) = (one["static_configs"] for one in found["alerting"]["alertmanagers"])
    assert managers["targets"] == [f"alertmanager-{index}.alertmanager:9093" for index in range(3)]
    dropped = [one["regex"] for one in found["alerting"]["alert_relabel_configs"]]
    assert set(found["global"]["external_labels"]) - set(dropped) == {"platform"}, "or each alert would be told twice"


def test_without_alertmanager_nobody_is_told() -> None:
    assert "alerting" not in config(scraped())


def test_passwords_of_other_stores_stand_in_files_alone() -> None:
    args = scraped(**{"remote-write": REMOTE})
    basic, token, neither = config(args)["remote_write"]
    assert basic["url"] == "https://mimir.example.com:443/api/v1/push"
    assert basic["basic_auth"] == {"username": "shop", "password_file": f"{SECRETS_FOLDER}/mimir-password"}
    assert token["authorization"] == {"credentials_file": f"{SECRETS_FOLDER}/samples-token"}
    assert not {"basic_auth", "authorization"} & set(neither)
    assert secret_keys(args.settings.metrics) == ("mimir-password", "samples-token")


def test_only_the_platforms_namespaces_are_searched() -> None:
    (alone,) = job(scraped(), "pods")["kubernetes_sd_configs"]
    (meshed,) = job(scraped(mesh=MeshReporter.SIDECAR), "pods")["kubernetes_sd_configs"]
    assert alone["namespaces"] == {"names": ["shop"]}
    assert meshed["namespaces"] == {"names": ["shop", EDGE]}, "the gateway's proxies count requests too"


def test_kubelets_are_asked_only_where_the_environment_says_so() -> None:
    jobs = {one["job_name"] for one in config(scraped(nodes=False))["scrape_configs"]}
    assert jobs == {"pods", "kube-state-metrics"}


def test_a_kubelet_that_signs_its_own_certificate_is_believed_only_where_the_environment_says_so() -> None:
    verified = {"ca_file": f"{SERVICE_ACCOUNT}/ca.crt"}
    assert [job(scraped(), name)["tls_config"] for name in ("kubelet", "cadvisor")] == [verified, verified]
    assert job(VARIANTS["nodes-with-own-certificates"], "kubelet")["tls_config"] == {"insecure_skip_verify": True}


def test_whoever_leaves_prometheus_to_the_operator_gets_no_configuration_for_it() -> None:
    args = scraped(**{"run-by": "operator", "operator-namespace": "monitoring", "retention": None, "storage": None})
    with pytest.raises(ValueError, match="operator"):
        prometheus_config(args)
