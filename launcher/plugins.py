"""Which provider the engine uses: the official plugin wherever it can be had, otherwise the launcher's stand-in."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from launcher import cache
from launcher.progress import say

_ATTACHED = "PULUMI_DEBUG_PROVIDERS"
INSTALLATION_TIMEOUT = 120.0
"""Seconds that the plugin's installation may take. Where nothing answers, it fails within a few."""
REFUSAL_HOLDS = 24 * 60 * 60.0
"""Seconds for which a failed installation is not tried again."""


@contextmanager
def kubernetes_provider(pulumi: Path, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Make a Kubernetes provider available to `pulumi` while the context lasts; yield the variables that it takes.

    A provider that the user has attached through PULUMI_DEBUG_PROVIDERS is left alone.
    """
    version = metadata.version("pulumi-kubernetes")
    attached = os.environ.get(_ATTACHED, "")
    if (
        "kubernetes:" in attached
        or _installed("kubernetes", version)
        or _install(pulumi, "kubernetes", version, environment)
    ):
        yield {}
        return
    # Here, since the stand-in is imported only where it is needed.
    from launcher.standin.kubernetes.provider import KubernetesStandIn
    from launcher.standin.serve import serving

    say(f"The official Kubernetes provider {version} can't be had here: using the launcher's stand-in.")
    with serving(KubernetesStandIn()) as port:
        ours = f"kubernetes:{port}"
        yield {
            _ATTACHED: f"{attached},{ours}" if attached else ours,
            # The state names the provider's version; without this the engine would ask the network for that plugin.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }


def _installed(name: str, version: str) -> bool:
    """Whether the engine will find the plugin by itself: on PATH in any version, or this version in Pulumi's home."""
    if shutil.which(f"pulumi-resource-{name}") and not os.environ.get("PULUMI_IGNORE_AMBIENT_PLUGINS"):
        return True
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    folder = home / "plugins" / f"resource-{name}-v{version}"
    # Pulumi marks an installation that has not finished with a file beside the folder.
    return folder.is_dir() and not folder.with_name(f"{folder.name}.partial").exists()


def _install(pulumi: Path, name: str, version: str, environment: Mapping[str, str]) -> bool:
    """Let `pulumi` install the plugin; return whether it could. A refusal is remembered for a day."""
    if os.environ.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"):
        return False
    refusal = cache.folder() / "refused-plugins" / f"{name}-{version}"
    if refusal.exists() and time.time() - refusal.stat().st_mtime < REFUSAL_HOLDS:
        return False
    say(f"Installing Pulumi's {name} provider {version} ...")
    command = [str(pulumi), "plugin", "install", "resource", name, f"v{version}", "--non-interactive"]
    try:
        subprocess.run(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=INSTALLATION_TIMEOUT,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        refusal.parent.mkdir(parents=True, exist_ok=True)
        refusal.touch()
        return False
    return True
