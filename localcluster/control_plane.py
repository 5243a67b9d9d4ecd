"""A Kubernetes control plane on loopback: etcd, kube-apiserver, and the controllers that clean up after a deletion.

It has no scheduler and no kubelet: Pods are admitted and stored, and never run.
"""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from launcher.private_file import write_private
from localcluster.access import Administrator
from localcluster.binaries import Binaries
from localcluster.certificates import Authority, signing_key
from localcluster.processes import serving

LOOPBACK = "127.0.0.1"
SERVICE_RANGE = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"
"""The first address of the range: the API server's own Service."""
ISSUER = "https://kubernetes.default.svc"
FRONT_PROXY = "front-proxy"
"""As whom the API server passes requests on to API servers of others (aggregation); an authority of its own says so."""
ETCD_SOCKET = "etcd.sock"
ETCD_URL = f"unix://{ETCD_SOCKET}"
"""Relative to the folder, in which all processes run: a socket's full path may have at most 107 characters."""
CONTROLLERS = (
    "namespace-controller",
    "garbage-collector-controller",
    "serviceaccount-controller",
    "root-ca-certificate-publisher-controller",
    "resourcequota-controller",
)
"""Without them a deleted namespace never goes, and a quota refuses everything it counts for want of a status.

Workload controllers are absent on purpose: with no node nothing would ever become ready, so a test that needs a ready
Deployment writes its status itself.
"""


@dataclass(frozen=True, kw_only=True)
class ControlPlane:
    """Where a running API server answers, and how to log in as its administrator."""

    kubeconfig: Path
    context: str
    url: str
    process_ids: tuple[int, ...]


@contextmanager
def running(folder: Path) -> Generator[ControlPlane]:
    """Run a control plane whose data, keys and logs live in `folder`, and stop it at the end.

    A folder that was used before continues with the objects that it holds, under new keys and another port.
    Raises `ServerFailed` where a server does not start, and `ToolUnavailable` where one can't be built.
    """
    folder = folder.resolve()
    binaries = Binaries.built()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # etcd's socket is in it, and lets everybody in who reaches it
    authority = Authority("localcluster")
    _write_keys(folder, authority)
    with _reserved_port() as port:
        administrator = Administrator.of(authority, url=f"https://{LOOPBACK}:{port}")
        kubeconfig = administrator.write_kubeconfig(folder)
        with (
            _etcd(binaries.etcd, folder) as etcd,
            _api_server(binaries.kube_apiserver, folder, port, administrator) as api_server,
            _controllers(binaries.kube_controller_manager, folder, kubeconfig, administrator) as controllers,
        ):
            yield ControlPlane(
                kubeconfig=kubeconfig,
                context=administrator.context,
                url=administrator.url,
                process_ids=(etcd, api_server, controllers),
            )


@contextmanager
def _reserved_port() -> Generator[int]:
    """A free port that stays ours: the bound socket keeps others away, and shares the port with the API server."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((LOOPBACK, 0))
        yield held.getsockname()[1]


def _write_keys(folder: Path, authority: Authority) -> None:
    hosts = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
    serving_pair = authority.serving("kube-apiserver", hosts=hosts, addresses=[LOOPBACK, SERVICE_ADDRESS])
    front_authority = Authority(FRONT_PROXY)
    front_pair = front_authority.client(FRONT_PROXY, group=FRONT_PROXY)
    write_private(folder / "authority.crt", authority.certificate)
    write_private(folder / "front-authority.crt", front_authority.certificate)
    write_private(folder / "front-proxy.crt", front_pair.certificate)
    write_private(folder / "front-proxy.key", front_pair.key)
    write_private(folder / "serving.crt", serving_pair.certificate)
    write_private(folder / "serving.key", serving_pair.key)
    write_private(folder / "service-accounts.key", signing_key())


def _etcd(binary: Path, folder: Path) -> AbstractContextManager[int]:
    member, peers = "localcluster", "unix://etcd-peer.sock"
    (folder / ETCD_SOCKET).unlink(missing_ok=True)
    command = [
        str(binary),
        f"--name={member}",
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={ETCD_URL}",
        f"--advertise-client-urls={ETCD_URL}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster={member}={peers}",
        "--unsafe-no-fsync",  # what it holds need not outlive a power cut
        "--log-level=warn",
    ]
    return serving("etcd", command, folder=folder, ready=(folder / ETCD_SOCKET).is_socket)


def _api_server(binary: Path, folder: Path, port: int, administrator: Administrator) -> AbstractContextManager[int]:
    """Admission plug-ins stay at the defaults, Pod Security, ResourceQuota and LimitRanger among them."""
    command = [
        str(binary),
        f"--etcd-servers={ETCD_URL}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        "--endpoint-reconciler-type=none",  # a loopback address is not accepted as an endpoint of a Service
        f"--secure-port={port}",
        "--permit-port-sharing",
        f"--client-ca-file={folder / 'authority.crt'}",
        f"--requestheader-client-ca-file={folder / 'front-authority.crt'}",
        f"--requestheader-allowed-names={FRONT_PROXY}",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={folder / 'front-proxy.crt'}",
        f"--proxy-client-key-file={folder / 'front-proxy.key'}",
        f"--tls-cert-file={folder / 'serving.crt'}",
        f"--tls-private-key-file={folder / 'serving.key'}",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={folder / 'service-accounts.key'}",
        f"--service-account-signing-key-file={folder / 'service-accounts.key'}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--authorization-mode=RBAC",
        "--anonymous-auth=false",
        "--allow-privileged",  # as on an ordinary cluster: Pod Security decides
    ]
    return serving("kube-apiserver", command, folder=folder, ready=lambda: administrator.finds("/readyz"))


def _controllers(
    binary: Path, folder: Path, kubeconfig: Path, administrator: Administrator
) -> AbstractContextManager[int]:
    command = [
        str(binary),
        f"--kubeconfig={kubeconfig}",
        f"--controllers={','.join(CONTROLLERS)}",
        f"--root-ca-file={folder / 'authority.crt'}",
        "--secure-port=0",  # it serves nothing
        "--leader-elect=false",
    ]
    first_work = "/api/v1/namespaces/default/serviceaccounts/default"
    return serving("kube-controller-manager", command, folder=folder, ready=lambda: administrator.finds(first_work))
