"""What the loader reads from disk for builds: contexts, Dockerfiles, the content behind each tag, certificates."""

import os
import re
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from components.images.content import content_tag
from components.images.dockerignore import BadPattern
from stacks.document import Document, Problem
from stacks.schema.builds import base_images
from stacks.schema.catalogue import Catalogue
from stacks.schema.environment import ROOT
from stacks.schema.images import Build, Images

MOST_CERTIFICATES: Final = 120 * 1024
"""Bytes of a CA bundle. A build secret may travel as one environment variable, and Linux takes none of 128 KiB or more
(MAX_ARG_STRLEN, https://man7.org/linux/man-pages/man2/execve.2.html)."""
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_OTHERS: Final = "another checkout of the same commit would build something else"
_NOT_BUILT: Final = "there would be nothing to build, and so no image"


def build_problems(catalogue: Catalogue, document: Document, project: Path) -> Iterator[Problem]:
    """Yield each build whose context or Dockerfile is not there; paths are seen from the project."""
    for name, service in catalogue.services.items():
        if service.build is not None:
            yield from _place_problems(name, service.build, document, project)


def _place_problems(name: str, build: Build, document: Document, project: Path) -> Iterator[Problem]:
    location = ("services", name, "build")
    context, dockerfile = project / build.context, project / build.dockerfile
    if isinstance(document.value(location), str):
        folder = dockerfile.parent
        if _is_outside(context, project):
            message = f"has the folder around it as its context, {build.context}, which lies outside of the project"
            fix = "name a folder inside of a folder of the project, e.g. services/gateway"
            yield document.problem(location, message, consequence=_OTHERS, fix=fix)
        elif not dockerfile.is_file():
            message = "is a folder without a Dockerfile" if folder.is_dir() else "is no folder of the project"
            fix = f"put it at {build.dockerfile}, or correct the path, which is seen from the project's root"
            yield document.problem(location, message, consequence=_NOT_BUILT, fix=fix)
        return
    at_context, at_dockerfile = (*location, "context"), (*location, "dockerfile")
    fix = "correct the path, which is seen from the project's root"
    for at, path, is_there, what in (
        (at_context, context, context.is_dir(), "folder"),
        (at_dockerfile, dockerfile, dockerfile.is_file(), "file"),
    ):
        if _is_outside(path, project):
            yield document.problem(at, "lies outside of the project", consequence=_OTHERS, fix=f"name a {what} in it")
        elif not is_there:
            yield document.problem(at, f"is no {what} of the project", consequence=_NOT_BUILT, fix=fix)
    both_are_there = context.is_dir() and dockerfile.is_file()
    both_are_inside = not (_is_outside(context, project) or _is_outside(dockerfile, project))
    if both_are_there and both_are_inside and _is_outside(dockerfile, context):
        yield document.problem(
            at_dockerfile,
            f"lies outside of its context, {build.context}",
            consequence="a change of it would be a change of something that the build does not see",
            fix="move it there, or make the context a folder around it",
        )


def _is_outside(path: Path, folder: Path) -> bool:
    """Tell it by the paths alone: where a symbolic link leads to is its own business."""
    return not Path(os.path.normpath(path)).is_relative_to(os.path.normpath(folder))


def content_tags(
    catalogue: Catalogue, names: Sequence[str], images: Images, document: Document, project: Path
) -> tuple[dict[str, str], list[Problem]]:
    """Return the tag of each of these services, and what stands against reading all that their builds see."""
    tags: dict[str, str] = {}
    problems: list[Problem] = []
    for name in names:
        service = catalogue.services[name]
        assert service.build is not None
        try:
            tags[name] = content_tag(
                project / service.build.context,
                project / service.build.dockerfile,
                arguments=base_images(service),
                platforms=images.platforms,
            )
        except (OSError, BadPattern) as error:
            reason = (
                f"leaves out {str(error)!r}, a pattern that Docker refuses"
                if isinstance(error, BadPattern)
                else f"has a file in its context that can't be read: {error.filename}: {error.strerror}"
            )
            problems.append(
                document.problem(
                    ("services", name, "build"),
                    reason,
                    consequence=_NOT_BUILT,
                    fix="correct it in the .dockerignore file"
                    if isinstance(error, BadPattern)
                    else "make it readable, or leave it out in the .dockerignore file",
                )
            )
    return tags, problems


def certificates(images: Images, document: Document, project: Path) -> tuple[str | None, list[Problem]]:
    """Return the certificates of the CA bundle, nothing else that the file may hold, or what is wrong with it."""
    if images.ca_bundle is None:
        return None, []
    consequence, fix = "build stages could download nothing through a proxy that signs with this CA", "name a PEM file"
    path = project / images.ca_bundle
    try:
        blocks = _CERTIFICATE.findall(path.read_text(encoding="utf-8", errors="replace"))
        text = "".join(f"{block}\n" for block in blocks)
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        reason = "holds no certificate in PEM form, or one that can't be read"
    except OSError as error:
        reason = f"can't be read: {error.strerror}"
    else:
        if len(text) <= MOST_CERTIFICATES:
            return text, []
        most = MOST_CERTIFICATES // 1024
        reason = f"holds {len(text) // 1024} KiB of certificates, more than the {most} KiB of a build secret"
        consequence = "a builder that passes secrets on as environment variables could not start"
        fix = "name a file with the further certificates alone: base images have the public ones"
    return None, [document.problem((*ROOT, "images", "ca-bundle"), reason, consequence=consequence, fix=fix)]
