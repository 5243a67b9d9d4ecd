"""Which providers the engine uses: official plugins wherever they can be had, otherwise the launcher's stand-ins."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launcher import cache
from launcher.progress import say

if TYPE_CHECKING:
    from launcher.standin.provider import StandIn

_ATTACHED = "PULUMI_DEBUG_PROVIDERS"
KUBERNETES = "kubernetes"
TITLES = {KUBERNETES: "Kubernetes", "docker": "Docker", "docker-build": "Docker Build"}
"""The packages that there are stand-ins for, and what people call them."""
INSTALLATION_TIMEOUT = 120.0
"""Seconds that the plugin's installation may take. Where nothing answers, it fails within a few."""
REFUSAL_HOLDS = 24 * 60 * 60.0
"""Seconds for which a failed installation is not tried again."""


@dataclass(frozen=True)
class Providers:
    """What was made available."""

    variables: dict[str, str] = field(default_factory=dict)
    """What the engine must be told."""
    stand_ins: frozenset[str] = frozenset()
    """The packages whose provider is the launcher's own."""


@contextmanager
def providers(pulumi: Path, environment: Mapping[str, str], packages: Sequence[str]) -> Iterator[Providers]:
    """Make a provider of each package available to `pulumi` while the context lasts.

    A provider that the user has attached through PULUMI_DEBUG_PROVIDERS is left alone. Raises ToolUnavailable where a
    stand-in needs a program that can't be had.
    """
    attached = [entry for entry in os.environ.get(_ATTACHED, "").split(",") if entry]
    taken = {entry.partition(":")[0] for entry in attached}
    missing = [package for package in packages if package not in taken and not _is_there(pulumi, package, environment)]
    if not missing:
        yield Providers()
        return
    # Here, since the stand-ins are imported only where they are needed.
    from launcher.standin.serve import serving

    with ExitStack() as running:
        ours = [f"{package}:{running.enter_context(serving(_stand_in(package)))}" for package in missing]
        variables = {
            _ATTACHED: ",".join((*attached, *ours)),
            # The state names the provider's version; without this the engine would ask the network for that plugin.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        yield Providers(variables, frozenset(missing))


def _is_there(pulumi: Path, package: str, environment: Mapping[str, str]) -> bool:
    version = metadata.version(f"pulumi-{package}")
    return _installed(package, version) or _install(pulumi, package, version, environment)


def _stand_in(package: str) -> "StandIn[Any]":
    version = metadata.version(f"pulumi-{package}")
    say(f"The official {TITLES[package]} provider {version} can't be had here: using the launcher's stand-in.")
    if package == KUBERNETES:
        from launcher.standin.kubernetes.provider import KubernetesStandIn

        return KubernetesStandIn()
    from launcher.buildx import buildx_binary
    from launcher.standin.docker.kinds import KINDS
    from launcher.standin.docker.provider import DockerStandIn

    return DockerStandIn(KINDS[package], buildx_binary())


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
