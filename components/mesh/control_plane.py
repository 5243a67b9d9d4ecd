"""The mesh's control plane, where this program installs it."""

from typing import Final

import pulumi

from components.identity import component_type
from components.manifests import Manifest
from components.mesh.control_plane_values import ControlPlaneArgs, needs_gateway_api, releases
from components.versions import GATEWAY_API, ISTIO

CHARTS: Final = "https://istio-release.storage.googleapis.com/charts"
"""Istio's official charts (https://istio.io/latest/docs/setup/install/helm/)."""
GATEWAY_API_CRDS: Final = (
    f"https://github.com/kubernetes-sigs/gateway-api/releases/download/v{GATEWAY_API}/standard-install.yaml"
)
"""Istio's charts don't bring them."""


class ControlPlane(pulumi.ComponentResource):
    """Istio from its official charts, pinned: CRDs, istiod, what the data plane needs on nodes, and the edge's gateway.

    Helm and the download need the official Kubernetes provider: the launcher's stand-in refuses both, and names it.
    """

    version: pulumi.Output[str]
    """Istio's version, known once all of it is installed."""

    def __init__(self, name: str, args: ControlPlaneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        # Here, since a program that installs no mesh should not spend the time.
        from pulumi_kubernetes.helm.v3 import Release, ReleaseArgs, RepositoryOptsArgs
        from pulumi_kubernetes.yaml.v2 import ConfigFile

        super().__init__(component_type("mesh", "ControlPlane"), name, {}, opts)
        made: dict[str, pulumi.Resource] = {}
        definitions: list[pulumi.Resource] = []
        if needs_gateway_api(args.settings):
            under_this = pulumi.ResourceOptions(parent=self)
            definitions.append(ConfigFile("gateway-api", file=GATEWAY_API_CRDS, opts=under_this))
        for release in releases(args):
            before = [*definitions, *(made[other] for other in release.after)]
            made[release.name] = Release(
                release.name,
                ReleaseArgs(
                    name=release.name,
                    chart=release.chart,
                    version=ISTIO,
                    repository_opts=RepositoryOptsArgs(repo=CHARTS),
                    namespace=release.namespace,
                    create_namespace=True,
                    values=release.values,
                ),
                pulumi.ResourceOptions(parent=self, depends_on=before),
            )
        self.version = pulumi.Output.all(*(release.urn for release in made.values())).apply(lambda _: ISTIO)
        self.register_outputs({"version": self.version})

    @staticmethod
    def manifests(_name: str, _args: ControlPlaneArgs) -> list[Manifest]:
        """Return nothing: what the charts hold, Helm renders while it installs them."""
        return []
