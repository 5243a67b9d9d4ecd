"""The provider's settings, and which cluster they mean."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from launcher.standin.kubernetes.configuration import RENDER, config_failures, configuration, replacing_settings
from launcher.standin.kubernetes.kubeconfig import NoCluster, cluster_of
from launcher.standin.properties import UNKNOWN

NOBODY = "https://127.0.0.1:1"
"""Nothing listens on port 1."""


def _kubeconfig(*names: str, server: str = NOBODY, current: str | None = None) -> dict[str, Any]:
    return {
        "clusters": [{"name": name, "cluster": {"server": server, "insecure-skip-tls-verify": True}} for name in names],
        "users": [{"name": name, "user": {"token": "hunter2"}} for name in names],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
        **({"current-context": current} if current else {}),
    }


@pytest.fixture(autouse=True)
def no_other_kubeconfig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def _reasons(**settings: Any) -> dict[str, str]:
    return {failure.path: failure.reason for failure in config_failures(settings)}


def test_an_unknown_setting_is_refused_by_name(tmp_path: Path) -> None:
    reasons = _reasons(**{RENDER: str(tmp_path), "helmReleaseSettings": {}})
    assert "official plugin" in reasons["helmReleaseSettings"], "ignoring it would do something else than was asked"


def test_every_problem_is_told_at_once() -> None:
    reasons = _reasons(namespace="shop", enablePatchForce="maybe", enableServerSideApply="false", **{RENDER: "build"})
    assert set(reasons) == {"namespace", "enablePatchForce", "enableServerSideApply", RENDER}


@pytest.mark.parametrize("value", [True, "true", False, "false"])
def test_a_flag_may_come_as_json_text(tmp_path: Path, value: object) -> None:
    settings = {RENDER: str(tmp_path), "enableSecretMutable": value}
    assert not config_failures(settings)
    assert configuration(settings).secrets_mutable == (value in (True, "true"))


def test_render_and_a_cluster_exclude_each_other(tmp_path: Path) -> None:
    """So it is with the official provider; a program that works here must work there."""
    assert set(_reasons(**{RENDER: str(tmp_path), "context": "dev", "kubeconfig": "/x"})) == {"context", "kubeconfig"}


def test_the_kubeconfig_that_the_sdk_copies_from_the_environment_does_no_harm_to_a_render(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/somewhere")
    assert not _reasons(**{RENDER: str(tmp_path), "kubeconfig": "/somewhere"})


def test_a_missing_kubeconfig_is_named(tmp_path: Path) -> None:
    assert f"no kubeconfig at {tmp_path}/absent" in _reasons(kubeconfig=f"{tmp_path}/absent")[""]


def test_an_unknown_context_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(_kubeconfig("dev", "prod")))
    reason = _reasons(kubeconfig=str(file), context="staging")[""]
    assert "Context staging" in reason
    assert "dev, prod" in reason
    assert str(file) in reason


@pytest.mark.parametrize("text", ["a: [", "just text", "contexts: [1]", "contexts: [{name: x}]\ncurrent-context: x"])
def test_a_malformed_kubeconfig_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    assert str(file) in _reasons(kubeconfig=str(file))[""]


def test_a_cluster_that_does_not_answer_is_told_once_with_address_and_fix() -> None:
    """Said of the provider, it is one message; said of each object, it would be hundreds."""
    (reason,) = _reasons(kubeconfig=yaml.safe_dump(_kubeconfig("dev")), context="dev").values()
    assert "context dev" in reason
    assert NOBODY in reason
    assert "Start the cluster, or correct the context" in reason
    assert "hunter2" not in reason, "a login is never shown"


def test_a_cluster_that_a_preview_can_not_know_yet_is_not_asked() -> None:
    assert not _reasons(kubeconfig=UNKNOWN)
    assert configuration({"kubeconfig": UNKNOWN}).target() is None


def test_several_files_are_merged_as_kubectl_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text(yaml.safe_dump(_kubeconfig("dev", server="https://first:1")))
    two.write_text(yaml.safe_dump(_kubeconfig("dev", "prod", server="https://second:1", current="prod")))
    monkeypatch.setenv("KUBECONFIG", f"{one}:{tmp_path}/absent:{two}")
    assert cluster_of(None, "dev").cluster.server == "https://first:1", "the first file that names a thing wins"
    assert cluster_of(None, None).cluster.server == "https://second:1", "the first current-context wins"


def test_a_kubeconfigs_files_are_found_beside_it(tmp_path: Path) -> None:
    config = _kubeconfig("dev", current="dev")
    config["clusters"][0]["cluster"]["certificate-authority"] = "ca.crt"
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    assert cluster_of(str(tmp_path / "kubeconfig"), None).cluster.certificate_auth == str(tmp_path / "ca.crt")


def test_without_any_kubeconfig_there_is_no_cluster() -> None:
    with pytest.raises(NoCluster, match="KUBECONFIG"):
        cluster_of(None, None)


def test_a_stack_can_not_switch_between_render_and_apply() -> None:
    """Every object has to be made anew in the other place, so the provider is replaced, with all that it made."""
    assert replacing_settings({"context": "dev"}, {RENDER: "/out"}) == [RENDER]
    assert replacing_settings({RENDER: "/old"}, {RENDER: "/new"}) == [RENDER]


def test_another_cluster_replaces_and_the_same_one_under_another_name_does_not() -> None:
    here = yaml.safe_dump(_kubeconfig("a", "b"))
    there = yaml.safe_dump(_kubeconfig("a", server="https://elsewhere:1"))
    assert replacing_settings({"kubeconfig": here, "context": "a"}, {"kubeconfig": there, "context": "a"}) == [
        "kubeconfig"
    ]
    assert replacing_settings({"kubeconfig": here, "context": "a"}, {"kubeconfig": here, "context": "b"}) == []
    assert replacing_settings({"enablePatchForce": "true"}, {}) == []
    assert replacing_settings({"kubeconfig": here}, {"kubeconfig": UNKNOWN}) == ["kubeconfig"]
