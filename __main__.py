"""The program: load the platform of this stack, deploy it, export what others ask for."""

import pulumi

from stacks.assembly import deploy
from stacks.document import InvalidConfiguration
from stacks.loader import PROJECT, load

try:
    loaded = load()
except InvalidConfiguration as invalid:
    raise pulumi.RunError(str(invalid)) from None  # the problems alone, without a traceback
exports = deploy(loaded.platform, loaded.secrets, PROJECT)
pulumi.export("namespace", exports.namespace)
pulumi.export("services", exports.services)
