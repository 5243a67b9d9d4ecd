"""The provider's own settings: which are taken, which refused, and which target they choose."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.standin.answers import Failure
from launcher.standin.kubernetes.api_server import ApiServer
from launcher.standin.kubernetes.folder import Folder
from launcher.standin.kubernetes.http_api import HttpApi, Rejected
from launcher.standin.kubernetes.kinds import OFFICIAL_PLUGIN
from launcher.standin.kubernetes.kubeconfig import NoCluster, cluster_of
from launcher.standin.kubernetes.target import Refused, Target
from launcher.standin.properties import Unknown, without_secrets

RENDER = "renderYamlToDirectory"
_CHOOSING_A_CLUSTER = ("kubeconfig", "context")
_TEXTS = (RENDER, *_CHOOSING_A_CLUSTER)
_APPLY = "enableServerSideApply"
_FLAGS = (
    _APPLY,
    "enableConfigMapMutable",
    "enableSecretMutable",
    "enablePatchForce",
    "upsertExistingObjects",
    "suppressDeprecationWarnings",  # the stand-in warns of no deprecation and runs no Helm: nothing to suppress
    "suppressHelmHookWarnings",
)
_OF_THE_ENGINE = ("version", "pluginDownloadURL", "__internal")
"""Keys that the engine itself may add."""


@dataclass(frozen=True)
class Configuration:
    """The provider's settings, as far as the stand-in knows them."""

    render_to: str | None = None
    kubeconfig: str | None = None
    context: str | None = None
    config_maps_mutable: bool = False
    secrets_mutable: bool = False
    force: bool = False
    upsert: bool = False
    unknown_target: bool = False
    """Whether a preview can't know yet where manifests will go."""

    def target(self) -> Target | None:
        """Where manifests go; None where a preview can't know. Raises NoCluster, or Refused for an unusable login."""
        if self.unknown_target:
            return None
        if self.render_to:
            return Folder(Path(self.render_to))
        api = HttpApi(cluster_of(self.kubeconfig, self.context))
        return ApiServer(api, upsert=self.upsert, force=self.force)


def configuration(properties: Mapping[str, Any]) -> Configuration:
    """The settings that these properties make. They must have been checked with `config_failures`."""
    settings = without_secrets(dict(properties))
    texts = {key: settings[key] for key in _TEXTS if key in settings}
    unknown = any(isinstance(value, Unknown) for value in texts.values())
    return Configuration(
        render_to=None if unknown else texts.get(RENDER) or None,
        kubeconfig=None if unknown else texts.get("kubeconfig") or None,
        context=None if unknown else texts.get("context") or None,
        config_maps_mutable=_flag(settings.get("enableConfigMapMutable")) is True,
        secrets_mutable=_flag(settings.get("enableSecretMutable")) is True,
        force=_flag(settings.get("enablePatchForce")) is True,
        upsert=_flag(settings.get("upsertExistingObjects")) is True,
        unknown_target=unknown,
    )


def config_failures(properties: Mapping[str, Any]) -> list[Failure]:
    """Everything that is wrong with the provider's settings.

    The cluster that doesn't answer and the folder that can't be written are among it: said here, it is said once, and
    not by every resource.
    """
    settings = without_secrets(dict(properties))
    wrong = [*_unknown_keys(settings), *_wrong_flags(settings), *_wrong_rendering(settings)]
    return wrong or _unusable_target(configuration(settings))


def _unknown_keys(settings: Mapping[str, Any]) -> Iterator[Failure]:
    for key in settings:
        if key not in (*_TEXTS, *_FLAGS, *_OF_THE_ENGINE):
            reason = (
                f"is a provider setting that the Kubernetes stand-in doesn't know: remove it, or {OFFICIAL_PLUGIN}."
            )
            yield Failure(key, reason)


def _wrong_flags(settings: Mapping[str, Any]) -> Iterator[Failure]:
    for key in _FLAGS:
        if key in settings and _flag(settings[key]) is None:
            yield Failure(key, f"is {settings[key]!r}, neither true nor false; write one of these.")
    if _flag(settings.get(_APPLY)) is False:
        yield Failure(_APPLY, f"is false, and the stand-in applies in no other way: drop it, or {OFFICIAL_PLUGIN}.")


def _wrong_rendering(settings: Mapping[str, Any]) -> Iterator[Failure]:
    folder = settings.get(RENDER)
    if not folder:
        return
    for key in _CHOOSING_A_CLUSTER:
        # Pulumi's SDK copies $KUBECONFIG into the setting by itself: that one isn't the program's wish.
        if settings.get(key) and not (key == "kubeconfig" and settings[key] == os.environ.get("KUBECONFIG")):
            reason = f"chooses a cluster, and {RENDER} is for none: the official provider refuses both. Keep one."
            yield Failure(key, reason)
    if isinstance(folder, str) and not Path(folder).is_absolute():
        yield Failure(RENDER, f"is {folder!r}, relative to wherever the provider runs; make it absolute.")


def _unusable_target(settings: Configuration) -> list[Failure]:
    try:
        target = settings.target()
        if isinstance(target, Folder) and (problem := target.problem()):
            return [Failure("", problem)]
        if isinstance(target, ApiServer):
            _greet(target.api)
    except (NoCluster, Refused) as error:
        return [Failure("", str(error))]
    return []


def _greet(api: HttpApi) -> None:
    """Asks a cluster its version. Raises Refused, or Unreachable."""
    try:
        api.request("GET", "version")
    except Rejected as rejection:
        raise Refused(
            f"The API server at {api.config.cluster.server} refuses the login of context {api.config.context_name}: "
            f"{rejection}. Nothing was changed; renew the login, or choose another context."
        ) from rejection
    finally:
        api.close()


def _flag(value: Any) -> bool | None:
    """A setting's truth: the SDK sends booleans as JSON text. None if it is no truth value (or absent)."""
    return (
        {True: True, False: False, "true": True, "false": False}.get(value) if isinstance(value, bool | str) else None
    )


def replacing_settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Which changed settings mean another target, where every object must be made anew: the official provider's rules.

    A kubeconfig that moved, but means the same cluster, is no reason.
    """
    before, after = without_secrets(dict(old)), without_secrets(dict(new))
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    if RENDER in changed:
        return [RENDER]
    choosing = [key for key in _CHOOSING_A_CLUSTER if key in changed]
    if any(isinstance(after.get(key), Unknown) for key in choosing):
        return choosing
    clusters = (_cluster(before), _cluster(after)) if choosing else ()
    return choosing if None not in clusters and len(set(clusters)) > 1 else []


def _cluster(settings: Mapping[str, Any]) -> tuple[str, ...] | None:
    made = configuration(settings)
    try:
        cluster = cluster_of(made.kubeconfig, made.context).cluster
    except NoCluster:
        return None
    return (cluster.server, cluster.certificate_auth or "", cluster.certificate_auth_data or "")
