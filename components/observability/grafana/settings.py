"""Grafana's settings, as the variables that it reads. Pure.

Each is ``GF_SECTION_SETTING`` of https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/. With
``__FILE`` at its end it names a file instead: the image reads it at its start, so that no value stands in the Pod
(https://grafana.com/docs/grafana/latest/setup-grafana/configure-docker/#configure-grafana-with-docker-secrets).
"""

from collections.abc import Iterator
from typing import Final

from components.observability.dashboards.index import HOME, OVERVIEW
from components.observability.grafana.provisioning import dashboard_folder
from components.specs.observability.dashboards import Dashboards, OpenIdConnect

SECRETS: Final = "/etc/grafana/secrets"
ADMIN_PASSWORD: Final = "admin-password"  # noqa: S105 - the name of a key

_ON, _OFF = "true", "false"


def grafana_settings(dashboards: Dashboards) -> dict[str, str]:
    """Return the variables: nobody gets in without a login, and Grafana calls nobody outside."""
    return dict(
        (
            *_security(dashboards),
            *_server(dashboards),
            *_quiet(),
            *(_sign_in(dashboards.oidc) if dashboards.oidc else ()),
        )
    )


def _security(dashboards: Dashboards) -> Iterator[tuple[str, str]]:
    encrypted = _ON if (dashboards.url or "").startswith("https://") else _OFF
    yield "GF_SECURITY_ADMIN_PASSWORD__FILE", f"{SECRETS}/{ADMIN_PASSWORD}"
    # Encrypts what the database holds of others' tokens. The default is known to everybody; the database dies with the
    # Pod, so that the key may change with the password.
    yield "GF_SECURITY_SECRET_KEY__FILE", f"{SECRETS}/{ADMIN_PASSWORD}"
    # Over plain HTTP (a forwarded port) a browser would not send such a cookie back.
    yield "GF_SECURITY_COOKIE_SECURE", encrypted
    yield "GF_SECURITY_STRICT_TRANSPORT_SECURITY", encrypted
    yield "GF_SECURITY_COOKIE_SAMESITE", "lax"
    yield "GF_SECURITY_CONTENT_SECURITY_POLICY", _ON
    yield "GF_SECURITY_DISABLE_GRAVATAR", _ON
    yield "GF_AUTH_ANONYMOUS_ENABLED", _OFF
    yield "GF_PUBLIC_DASHBOARDS_ENABLED", _OFF
    yield "GF_SNAPSHOTS_ENABLED", _OFF
    yield "GF_USERS_ALLOW_SIGN_UP", _OFF
    yield "GF_USERS_ALLOW_ORG_CREATE", _OFF
    yield "GF_USERS_AUTO_ASSIGN_ORG_ROLE", "Viewer"
    # They may ask further (from a metric to a trace, to logs), and save nothing.
    yield "GF_USERS_VIEWERS_CAN_EDIT", _ON


def _server(dashboards: Dashboards) -> Iterator[tuple[str, str]]:
    if dashboards.url is not None:
        yield "GF_SERVER_ROOT_URL", f"{dashboards.url}/"
        if "/" in dashboards.url.partition("://")[2]:
            yield "GF_SERVER_SERVE_FROM_SUB_PATH", _ON
    yield "GF_USERS_DEFAULT_THEME", dashboards.theme
    yield "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH", f"{dashboard_folder(OVERVIEW)}/{HOME}.json"
    yield "GF_METRICS_ENABLED", _ON
    yield "GF_LOG_MODE", "console"
    yield "GF_LOG_CONSOLE_FORMAT", "json"
    # Alerts are Prometheus' and Alertmanager's; Grafana shows them, and silences them for those who may.
    yield "GF_UNIFIED_ALERTING_EXECUTE_ALERTS", _OFF


def _quiet() -> Iterator[tuple[str, str]]:
    """Yield what keeps Grafana from asking its makers for anything: the way there is closed."""
    yield "GF_ANALYTICS_REPORTING_ENABLED", _OFF
    yield "GF_ANALYTICS_CHECK_FOR_UPDATES", _OFF
    yield "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", _OFF
    yield "GF_ANALYTICS_FEEDBACK_LINKS_ENABLED", _OFF
    yield "GF_NEWS_NEWS_FEED_ENABLED", _OFF
    yield "GF_PLUGINS_PREINSTALL_DISABLED", _ON
    yield "GF_PLUGINS_PREINSTALL_AUTO_UPDATE", _OFF
    yield "GF_PLUGINS_PLUGIN_ADMIN_ENABLED", _OFF
    yield "GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED", _ON


def _sign_in(provider: OpenIdConnect) -> Iterator[tuple[str, str]]:
    """Yield sign-in by an identity provider. The form stays, for the administrator whose provider is down.

    https://grafana.com/docs/grafana/latest/setup-grafana/configure-access/configure-authentication/generic-oauth/
    """
    settings = {
        "ENABLED": _ON,
        "NAME": provider.host,
        "CLIENT_ID": provider.client,
        "CLIENT_SECRET__FILE": f"{SECRETS}/{provider.secret}",
        "SCOPES": " ".join(provider.scopes),
        "AUTH_URL": f"https://{provider.host}{provider.authorize_path}",
        "TOKEN_URL": f"https://{provider.host}{provider.token_path}",
        "API_URL": f"https://{provider.host}{provider.userinfo_path}",
        "USE_PKCE": _ON,
        # Whoever the provider lets in gets an account at the first sign-in, as a viewer.
        "ALLOW_SIGN_UP": _ON,
        "ROLE_ATTRIBUTE_PATH": _role(provider),
        "ROLE_ATTRIBUTE_STRICT": _ON,
    }
    for name, value in settings.items():
        yield f"GF_AUTH_GENERIC_OAUTH_{name}", value


def _role(provider: OpenIdConnect) -> str:
    """Return the role of somebody as a JMESPath over what the provider says (https://jmespath.org)."""
    if provider.admins is None:
        return "'Viewer'"
    group = provider.admins.replace("\\", "\\\\").replace("'", "\\'")
    return f"contains(groups[*], '{group}') && 'Admin' || 'Viewer'"
