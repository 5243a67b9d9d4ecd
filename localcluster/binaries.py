"""The servers that the control plane is made of, each built from its Go module once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from launcher.gobuild import GoTool, built

KUBERNETES_VERSION = "1.34.1"
"""The version in apiserver/go.mod."""

_HERE = Path(__file__).parent
_MAJOR, _MINOR, _ = KUBERNETES_VERSION.split(".")
_KUBERNETES_FLAGS = (
    "-s",
    "-w",
    # Releases are stamped so; without it /version says v0.0.0-master.
    f"-X k8s.io/component-base/version.gitVersion=v{KUBERNETES_VERSION}",
    f"-X k8s.io/component-base/version.gitMajor={_MAJOR}",
    f"-X k8s.io/component-base/version.gitMinor={_MINOR}",
)

ETCD = GoTool(
    name="etcd",
    module=_HERE / "etcd",
    package="go.etcd.io/etcd/server/v3",
    ldflags=("-s", "-w"),
    takes="about 1 minute",
)
KUBE_APISERVER = GoTool(
    name="kube-apiserver",
    module=_HERE / "apiserver",
    package="k8s.io/kubernetes/cmd/kube-apiserver",
    ldflags=_KUBERNETES_FLAGS,
    takes="about 4 minutes",
)
KUBE_CONTROLLER_MANAGER = GoTool(
    name="kube-controller-manager",
    module=_HERE / "apiserver",
    package="k8s.io/kubernetes/cmd/kube-controller-manager",
    ldflags=_KUBERNETES_FLAGS,
    takes="about 1 minute",
)


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """The paths of the built servers."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path

    @classmethod
    def built(cls) -> Binaries:
        """Build those that the cache lacks. Raises `ToolUnavailable`."""
        return cls(
            etcd=built(ETCD),
            kube_apiserver=built(KUBE_APISERVER),
            kube_controller_manager=built(KUBE_CONTROLLER_MANAGER),
        )
