"""A project of a few lines, to run the launcher on: one component for each name in the configuration, no cluster."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]

PROGRAM = """\
import os
import signal
import time
from pathlib import Path

import pulumi

environment = pulumi.Config().require_object("environment")


class Part(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("polyglot:test:Part", name, {})
        self.register_outputs({})


for name in environment["parts"]:
    Part(name)
if environment.get("wait"):
    Path("reached").touch()
    time.sleep(environment["wait"])
pulumi.export("password", pulumi.Output.secret("hush"))
"""

LOADER = """\
from stacks.document import InvalidConfiguration
import yaml

def validate(stack, project):
    environment = yaml.safe_load((project / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"]
    if "parts" not in environment["polyglot:environment"]:
        raise InvalidConfiguration(f"stacks/Pulumi.{stack}.yaml: polyglot:environment.parts is missing")
    return environment
"""

ASSEMBLY = """\
def provider_packages(platform):
    return ("kubernetes",)
"""


def make(folder: Path, **environment: object) -> Path:
    """Write the project into `folder`, with a launcher of its own, and one stack, `local`."""
    shutil.copytree(ROOT / "launcher", folder / "launcher", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "stacks").mkdir()
    (folder / "stacks" / "__init__.py").touch()
    (folder / "stacks" / "document.py").write_text("class InvalidConfiguration(Exception):\n    pass\n")
    (folder / "stacks" / "loader.py").write_text(LOADER)
    (folder / "stacks" / "assembly.py").write_text(ASSEMBLY)
    configure(folder, **environment)
    return folder


def configure(project: Path, **environment: object) -> None:
    """Write the settings of the stack `local`."""
    settings = {"config": {"polyglot:environment": environment}}
    (project / "stacks" / "Pulumi.local.yaml").write_text(yaml.safe_dump(settings))


def environment() -> dict[str, str]:
    """Return a run's variables: no settings of the user's, and no provider, since the program needs none."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    return {**mine, "PULUMI_DEBUG_PROVIDERS": "kubernetes:1"}


def launch(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the launcher to its end."""
    return subprocess.run(
        [sys.executable, "-m", "launcher", *arguments],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def start(project: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the launcher; the caller ends it."""
    return subprocess.Popen(
        [sys.executable, "-m", "launcher", *arguments],
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # As in a terminal: signals to the launcher's group must not reach the tests.
        start_new_session=True,
    )
