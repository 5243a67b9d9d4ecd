"""The program: load the platform of this stack, deploy it, export what others ask for."""

import pulumi

from stacks.assembly import deploy
from stacks.loader import PROJECT, load

loaded = load()
exports = deploy(loaded.platform, loaded.secrets, PROJECT)
pulumi.export("namespace", exports.namespace)
pulumi.export("services", exports.services)
