"""The program: load the platform of this stack, deploy it, export what others ask for."""

import asyncio
import gc

import pulumi

from stacks.assembly import deploy
from stacks.loader import PROJECT, load


async def main() -> pulumi.Inputs:
    """Return the exports of the stack."""
    platform, secrets = load()
    exports = deploy(platform, secrets, PROJECT)
    await asyncio.sleep(0)  # registrations start; Pulumi then awaits each once, and not over and over all its outputs
    return {
        "target": exports.target,
        "namespace": exports.namespace,
        "services": exports.services,
        "images": exports.images,
    }


gc.set_threshold(50_000)  # nearly all that a short run makes, it keeps: searching it for garbage finds little
pulumi.run(main)
