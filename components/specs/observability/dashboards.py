"""Grafana in an environment."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from components.faults import fault
from components.scalars import ConfigKey, DnsSubdomain
from components.specs.base import Finding, Spec
from components.specs.resources import Resources


class OpenIdConnect(Spec):
    """Sign-in by an identity provider; the Secret ``grafana`` holds the client's secret under the key named here."""

    host: DnsSubdomain = Field(description="The provider's host; NetworkPolicies and the mesh open the way to it.")
    authorize_path: str = Field("/oauth2/authorize", pattern="^/")
    token_path: str = Field("/oauth2/token", pattern="^/")
    userinfo_path: str = Field("/oauth2/userinfo", pattern="^/")
    client: str = Field(min_length=1, description="The client's id.")
    secret: ConfigKey = "oidc-client-secret"  # noqa: S105 - the name of a key
    scopes: tuple[str, ...] = ("openid", "profile", "email", "groups")
    admins: str | None = Field(None, description="The group whose members administer Grafana; the others view.")


class Dashboards(Spec):
    """Grafana: dashboards that come with the platform, behind a login."""

    url: str | None = Field(
        None, pattern="^https?://.+[^/]$", description="Where people reach it, e.g. https://grafana.example.com."
    )
    oidc: OpenIdConnect | None = None
    theme: Literal["light", "dark", "system"] = "system"
    resources: Resources = Field(
        Resources(cpu="100m", memory="256Mi", ephemeral_storage="512Mi"),
        description="Its database lives in the ephemeral storage, and ends with the Pod.",
    )

    def findings(self) -> Iterator[Finding]:
        """Yield a sign-in that could not find its way back."""
        if self.oidc is not None and self.url is None:
            yield (
                ("oidc",),
                fault(
                    "stands without url",
                    consequence="the identity provider would send people back to localhost",
                    fix="add url, the address that is registered with the provider: https://grafana.example.com",
                ),
            )
