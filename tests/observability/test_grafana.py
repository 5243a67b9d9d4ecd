"""Grafana: what it is provisioned with, who gets in, and how it runs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import jmespath
import pytest
from pydantic import ValidationError

from components.manifests import Manifest
from components.observability.arguments import ObservabilityArgs
from components.observability.dashboards.index import HOME, config_map_name, entries
from components.observability.grafana.provisioning import DASHBOARDS
from components.observability.grafana.server import DATA, grafana_config, grafana_secret_keys, grafana_workload
from components.observability.grafana.settings import SECRETS
from components.specs.observability.dashboards import Dashboards
from tests.components.workload import pod, the
from tests.observability.alerting import GRAFANA, PAGERDUTY, alerting
from tests.observability.parts import part_objects, violations

OIDC = {"host": "login.example.com", "client": "grafana", "admins": "platform's own"}
SHOP = alerting({"page": PAGERDUTY}, dashboards={"url": GRAFANA, "oidc": OIDC})
PLAIN = alerting(dashboards={})
JAEGER, LOKI = "http://jaeger:16686", "http://loki:3100"


def objects(args: ObservabilityArgs) -> list[Manifest]:
    boards = {config_map_name(entry.uid): {f"{entry.uid}.json": "{}"} for entry in entries(args)}
    return part_objects("grafana", grafana_workload(args), {"grafana": grafana_config(args), **boards})


def settings(args: ObservabilityArgs) -> Mapping[str, Any]:
    return grafana_workload(args).env


def sources(args: ObservabilityArgs, **addresses: str) -> dict[str, Any]:
    found = json.loads(grafana_config(args, **addresses)["datasources.yaml"])["datasources"]
    assert len({one["uid"] for one in found}) == len(found), (
        "Grafana starts with the first of two and refuses the other"
    )
    return {one["uid"]: one for one in found}


def names_of_sources(value: Any) -> set[str]:
    """Every source that a link leads to, at any depth."""
    if isinstance(value, dict):
        own = {value["datasourceUid"]} if "datasourceUid" in value else set()
        return own.union(*map(names_of_sources, value.values()))
    return set().union(*map(names_of_sources, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("args", [SHOP, PLAIN], ids=["with-sign-in", "plain"])
def test_it_meets_the_checklist_of_production(args: ObservabilityArgs) -> None:
    found = violations(objects(args), secrets=["grafana"])
    assert found == [], "\n".join(map(str, found))


def test_a_password_in_its_settings_would_be_found() -> None:
    bodies = objects(PLAIN)
    pod(bodies)["containers"][0]["env"].append({"name": "GF_SECURITY_ADMIN_PASSWORD", "value": "hunter2"})
    assert any(
        "GF_SECURITY_ADMIN_PASSWORD" in str(one) or "password" in str(one).lower()
        for one in violations(bodies, secrets=["grafana"])
    )


def test_nobody_gets_in_without_a_login() -> None:
    for name in ("AUTH_ANONYMOUS_ENABLED", "USERS_ALLOW_SIGN_UP", "PUBLIC_DASHBOARDS_ENABLED", "SNAPSHOTS_ENABLED"):
        assert settings(PLAIN)[f"GF_{name}"] == "false", name


def test_what_is_secret_is_read_from_files_of_its_secret() -> None:
    found = {name: value for name, value in settings(SHOP).items() if name.endswith("__FILE")}
    assert found == {
        "GF_SECURITY_ADMIN_PASSWORD__FILE": f"{SECRETS}/admin-password",
        "GF_SECURITY_SECRET_KEY__FILE": f"{SECRETS}/admin-password",
        "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET__FILE": f"{SECRETS}/oidc-client-secret",
    }
    secret = next(one["secret"] for one in pod(objects(SHOP))["volumes"] if one["name"] == "secrets")
    keys = grafana_secret_keys(Dashboards.model_validate({"url": GRAFANA, "oidc": OIDC}))
    assert [item["key"] for item in secret["items"]] == [*keys] == ["admin-password", "oidc-client-secret"]
    assert secret["defaultMode"] == 0o440
    assert grafana_secret_keys(Dashboards()) == ("admin-password",)


def test_it_calls_nobody_outside() -> None:
    """There is no way there: each of these would be a timeout at every start."""
    wanted = {
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_NEWS_NEWS_FEED_ENABLED": "false",
        "GF_SECURITY_DISABLE_GRAVATAR": "true",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
        "GF_PLUGINS_PREINSTALL_AUTO_UPDATE": "false",
        "GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED": "true",
    }
    assert wanted.items() <= settings(PLAIN).items()


def test_cookies_travel_encrypted_wherever_grafana_is_reached_so() -> None:
    assert (
        settings(SHOP)["GF_SECURITY_COOKIE_SECURE"] == settings(SHOP)["GF_SECURITY_STRICT_TRANSPORT_SECURITY"] == "true"
    )
    assert settings(PLAIN)["GF_SECURITY_COOKIE_SECURE"] == "false", "over a forwarded port nobody could sign in"
    for args in (SHOP, PLAIN):
        assert settings(args)["GF_SECURITY_CONTENT_SECURITY_POLICY"] == "true"


def test_an_address_with_a_path_is_served_under_that_path() -> None:
    under = alerting(dashboards={"url": "https://example.com/grafana"})
    assert settings(under)["GF_SERVER_ROOT_URL"] == "https://example.com/grafana/"
    assert settings(under)["GF_SERVER_SERVE_FROM_SUB_PATH"] == "true"
    assert "GF_SERVER_SERVE_FROM_SUB_PATH" not in settings(SHOP)
    assert "GF_SERVER_ROOT_URL" not in settings(PLAIN)


@pytest.mark.parametrize(
    ("groups", "role"),
    [(["platform's own"], "Admin"), (["shop", "platform's own"], "Admin"), (["shop"], "Viewer"), ([], "Viewer")],
)
def test_members_of_one_group_administer_and_the_others_view(groups: list[str], role: str) -> None:
    path = settings(SHOP)["GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PATH"]
    assert jmespath.search(path, {"groups": groups}) == role


def test_without_a_group_of_administrators_everybody_views() -> None:
    args = alerting(dashboards={"url": GRAFANA, "oidc": {"host": "login.example.com", "client": "grafana"}})
    assert jmespath.search(settings(args)["GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PATH"], {"groups": ["x"]}) == "Viewer"


def test_signing_in_goes_to_the_provider_over_tls_with_pkce() -> None:
    found = settings(SHOP)
    for name in ("AUTH_URL", "TOKEN_URL", "API_URL"):
        assert found[f"GF_AUTH_GENERIC_OAUTH_{name}"].startswith("https://login.example.com/")
    assert found["GF_AUTH_GENERIC_OAUTH_USE_PKCE"] == "true"
    assert found["GF_AUTH_GENERIC_OAUTH_SCOPES"] == "openid profile email groups"


def test_signing_in_without_an_address_to_come_back_to_is_refused() -> None:
    with pytest.raises(ValidationError, match="stands without url"):
        Dashboards.model_validate({"oidc": OIDC})


def test_prometheus_is_what_dashboards_ask() -> None:
    found = sources(SHOP)
    assert list(found) == ["prometheus", "alertmanager"]
    assert found["prometheus"]["isDefault"] is True and found["prometheus"]["url"] == "http://prometheus:9090"
    assert found["prometheus"]["jsonData"]["timeInterval"] == "30s", "$__rate_interval follows from it"
    assert found["alertmanager"]["url"] == "http://alertmanager:9093"
    assert list(sources(PLAIN)) == ["prometheus"], "without alerts there is no Alertmanager to ask"


@pytest.mark.parametrize("addresses", [{}, {"traces": JAEGER}, {"logs": LOKI}, {"traces": JAEGER, "logs": LOKI}])
def test_links_lead_to_sources_that_are_there(addresses: dict[str, str]) -> None:
    found = sources(SHOP, **addresses)
    assert names_of_sources([*found.values()]) <= set(found)
    assert ("jaeger" in found) == ("traces" in addresses) and ("loki" in found) == ("logs" in addresses)


def test_from_a_metric_to_its_trace_to_its_logs_and_back() -> None:
    found = sources(SHOP, traces=JAEGER, logs=LOKI)
    assert found["prometheus"]["jsonData"]["exemplarTraceIdDestinations"] == [
        {"name": "trace_id", "datasourceUid": "jaeger"}
    ]
    assert found["jaeger"]["jsonData"]["tracesToLogsV2"]["datasourceUid"] == "loki"
    assert found["jaeger"]["jsonData"]["tracesToMetrics"]["datasourceUid"] == "prometheus"
    (field,) = found["loki"]["jsonData"]["derivedFields"]
    line = '{"msg":"call answered","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","seconds":0.1}'
    match = re.search(field["matcherRegex"], line)
    assert match and match[1] == "4bf92f3577b34da6a3ce929d0e0e4736" and field["datasourceUid"] == "jaeger"


def test_no_dollar_sign_is_taken_for_a_variable() -> None:
    for text in grafana_config(SHOP, traces=JAEGER, logs=LOKI).values():
        assert "$" not in text.replace("$$", ""), "Grafana would put one of its environment's variables there"


def test_each_dashboard_is_mounted_in_the_folder_that_is_read_for_it() -> None:
    providers = json.loads(grafana_config(SHOP)["dashboards.yaml"])["providers"]
    folders = {one["folder"]: one["options"]["path"] for one in providers}
    (container,) = pod(objects(SHOP))["containers"]
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    volumes = {one["name"]: one.get("configMap", {}).get("name") for one in pod(objects(SHOP))["volumes"]}
    assert len(folders) == len(providers)
    for entry in entries(SHOP):
        name = f"dashboard-{entry.uid}"
        assert mounted[name] == f"{folders[entry.folder]}/{entry.uid}"
        assert volumes[name] == config_map_name(entry.uid)
    assert settings(SHOP)["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == f"{mounted[f'dashboard-{HOME}']}/{HOME}.json"


def test_no_folder_is_read_for_another() -> None:
    """A provider reads all folders in its own, so that one in another would show its dashboards twice."""
    paths = [one["options"]["path"] for one in json.loads(grafana_config(SHOP)["dashboards.yaml"])["providers"]]
    assert all(path.startswith(f"{DASHBOARDS}/") for path in paths)
    assert not [(one, other) for one in paths for other in paths if one != other and other.startswith(f"{one}/")]


def test_provisioned_files_leave_the_image_s_own_folders_alone() -> None:
    (container,) = pod(objects(SHOP))["containers"]
    paths = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert "/etc/grafana" not in paths and "/etc/grafana/provisioning" not in paths
    assert {"/etc/grafana/provisioning/datasources", "/etc/grafana/provisioning/dashboards"} <= paths


def test_it_writes_into_a_folder_of_bounded_size_and_nowhere_else() -> None:
    (data,) = [one for one in pod(objects(PLAIN))["volumes"] if one["name"] == "data"]
    (container,) = pod(objects(PLAIN))["containers"]
    assert data["emptyDir"]["sizeLimit"] == container["resources"]["limits"]["ephemeral-storage"] == "512Mi"
    writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {DATA, "/tmp"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_a_changed_dashboard_is_read_as_it_comes_and_a_changed_source_needs_a_start() -> None:
    rolls = {name: getattr(one, "on_change", None) for name, one in grafana_workload(SHOP).volumes.items()}
    assert rolls[f"dashboard-{HOME}"] == "reload"
    assert rolls["datasources"] == rolls["secrets"] == "restart"


def test_its_one_replica_has_a_reason() -> None:
    assert the(objects(PLAIN), "Deployment")["spec"]["replicas"] == 1
    assert grafana_workload(PLAIN).exceptions


def test_asked_for_where_there_are_no_dashboards_it_says_so() -> None:
    with pytest.raises(ValueError, match="no dashboards"):
        grafana_workload(alerting())
