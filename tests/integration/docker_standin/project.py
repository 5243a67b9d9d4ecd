"""A project of a few lines whose program builds the images that its configuration lists, on the real engine."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.launcher import small_project

PROGRAM = """\
import pulumi

environment = pulumi.Config().require_object("environment")
images = environment["images"]
secret = pulumi.Output.secret


def login(image, key):
    if "password" not in image:
        return None
    username, password = secret(image["username"]), secret(image["password"])
    return {key: image["tag"].split("/")[0], "username": username, "password": password}


def docker(name, image, provider):
    import pulumi_docker

    build = {
        "context": image["context"],
        "dockerfile": image["context"] + "/Dockerfile",
        "platform": "linux/amd64",
        "builder_version": pulumi_docker.BuilderVersion.BUILDER_BUILD_KIT,
    }
    return pulumi_docker.Image(
        name,
        image_name=image["tag"],
        build=build,
        build_on_preview=False,
        skip_push=False,
        registry=login(image, "server"),
        opts=pulumi.ResourceOptions(provider=provider),
    ).repo_digest


def docker_build(name, image, provider):
    import pulumi_docker_build

    given = login(image, "address")
    return pulumi_docker_build.Image(
        name,
        tags=[image["tag"]],
        context={"location": image["context"]},
        build_on_preview=False,
        push=True,
        load=False,
        registries=[given] if given else None,
        secrets={"token": secret(image["token"])} if "token" in image else None,
        opts=pulumi.ResourceOptions(provider=provider),
    ).ref


providers = {}
for name, image in images.items():
    package = image["package"]
    if package not in providers:
        module = __import__("pulumi_docker" if package == "docker" else "pulumi_docker_build")
        providers[package] = module.Provider(package)
    build = docker if package == "docker" else docker_build
    pulumi.export(name, build(name, image, providers[package]))
"""

LOADER = """\
import yaml


def validate(stack, project):
    return yaml.safe_load((project / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"]["polyglot:environment"]
"""

ASSEMBLY = """\
def provider_packages(platform):
    return ("kubernetes", *sorted({image["package"] for image in platform["images"].values()}))
"""


class Project:
    """The project in a folder."""

    def __init__(self, folder: Path, docker_host: str) -> None:
        self.folder, self.docker_host = folder, docker_host
        small_project.make(folder, images={})
        components = small_project.ROOT / "components"
        shutil.copytree(components, folder / "components", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "__main__.py").write_text(PROGRAM)
        (folder / "stacks" / "loader.py").write_text(LOADER)
        (folder / "stacks" / "assembly.py").write_text(ASSEMBLY)

    def configure(self, **images: Mapping[str, Any]) -> None:
        """Say which images there are: name → package, tag, context, username, password, token."""
        small_project.configure(self.folder, images={name: dict(image) for name, image in images.items()})

    def context(self, name: str, dockerfile: str, **files: str | bytes) -> str:
        """Write a build context, and return its path as the program names it."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text(dockerfile)
        for file, content in files.items():
            path = folder / file
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            path.chmod(0o755)
        return name

    def environment(self, docker_host: str | None = None) -> dict[str, str]:
        """Return a run's variables."""
        mine = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
        attached = {"PULUMI_DEBUG_PROVIDERS": "kubernetes:1", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}
        self.scratch.mkdir(exist_ok=True)
        given = {"DOCKER_HOST": docker_host or self.docker_host, "TMPDIR": str(self.scratch)}
        return {**mine, **attached, **given}

    @property
    def scratch(self) -> Path:
        """Return where runs put their temporary files: of this project alone, as others may build at the same time."""
        return self.folder / "scratch"

    def launch(self, *arguments: str, expect: int = 0, docker_host: str | None = None) -> str:
        """Run the launcher to its end, check its exit code, and return everything that it printed."""
        ended = subprocess.run(
            [sys.executable, "-m", "launcher", *arguments],
            cwd=self.folder,
            env=self.environment(docker_host),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=180,
        )
        assert ended.returncode == expect, f"{arguments} ended with {ended.returncode}:\n{ended.stdout}"
        return ended.stdout

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the launcher."""
        return subprocess.Popen(
            [sys.executable, "-m", "launcher", *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def state_text(self) -> str:
        """Return the state as it lies on the disk."""
        return (self.folder / ".state" / ".pulumi" / "stacks" / "polyglot" / "local.json").read_text()

    @property
    def outputs(self) -> dict[str, str]:
        """Return the exports of the last run that ended well."""
        for resource in self.resources:
            if resource["type"] == "pulumi:pulumi:Stack":
                return resource.get("outputs") or {}
        return {}

    @property
    def resources(self) -> list[dict[str, Any]]:
        """Return what the state holds."""
        return json.loads(self.state_text)["checkpoint"]["latest"].get("resources") or []

    def digest(self, name: str) -> str:
        """Return the digest of an image in the state."""
        (found,) = [resource for resource in self.resources if resource["urn"].endswith(f"::{name}")]
        outputs = found["outputs"]
        return (outputs.get("digest") or outputs["repoDigest"]).rpartition("@")[2]
