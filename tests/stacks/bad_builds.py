"""Builds that can't be had: folders, contexts and Dockerfiles that are not there, or lie where no build may look."""

from __future__ import annotations

from typing import Final

from tests.stacks.bad_input import Mistake

_NOTHING_TO_BUILD: Final = "there would be nothing to build, and so no image"
_OTHER_CHECKOUT: Final = "another checkout of the same commit would build something else"
_CORRECT_THE_PATH: Final = "correct the path, which is seen from the project's root"

MISTAKES: Final = (
    Mistake(
        what="an image beside a build",
        catalogue={"services orders image": "example.com/orders:1"},
        place="catalogue.yaml services.orders.image",
        line="image: example.com/orders:1",
        value="example.com/orders:1",
        message="stands beside a build",
        consequence="nobody could tell which of the two runs",
        fix="drop one of them; an environment may name an image in place of what is built",
    ),
    Mistake(
        what="the folder of a build that does not exist",
        catalogue={"services orders build": "services/order"},
        place="catalogue.yaml services.orders.build",
        line="build: services/order",
        value="services/order",
        message="is no folder of the project",
        consequence=_NOTHING_TO_BUILD,
        fix="put it at services/order/Dockerfile, or correct the path, which is seen from the project's root",
    ),
    Mistake(
        what="the folder of a build without a Dockerfile",
        catalogue={"services orders build": "services/proto"},
        place="catalogue.yaml services.orders.build",
        line="build: services/proto",
        value="services/proto",
        message="is a folder without a Dockerfile",
        consequence=_NOTHING_TO_BUILD,
        fix="put it at services/proto/Dockerfile, or correct the path, which is seen from the project's root",
    ),
    Mistake(
        what="the project's own folder as that of a build",
        catalogue={"services orders build": "."},
        place="catalogue.yaml services.orders.build",
        line="build: .",
        value=".",
        message="has the folder around it as its context, .., which lies outside of the project",
        consequence=_OTHER_CHECKOUT,
        fix="name a folder inside of a folder of the project, e.g. services/gateway",
    ),
    Mistake(
        what="a context that does not exist",
        catalogue={"services orders build": {"context": "service", "dockerfile": "services/orders/Dockerfile"}},
        place="catalogue.yaml services.orders.build.context",
        line="context: service",
        value="service",
        message="is no folder of the project",
        consequence=_NOTHING_TO_BUILD,
        fix=_CORRECT_THE_PATH,
    ),
    Mistake(
        what="a file as context",
        catalogue={"services orders build": {"context": "services/go.mod", "dockerfile": "services/orders/Dockerfile"}},
        place="catalogue.yaml services.orders.build.context",
        line="context: services/go.mod",
        value="services/go.mod",
        message="is no folder of the project",
        consequence=_NOTHING_TO_BUILD,
        fix=_CORRECT_THE_PATH,
    ),
    Mistake(
        what="a context outside of the project",
        catalogue={"services orders build": {"context": "/usr", "dockerfile": "services/orders/Dockerfile"}},
        place="catalogue.yaml services.orders.build.context",
        line="context: /usr",
        value="/usr",
        message="lies outside of the project",
        consequence=_OTHER_CHECKOUT,
        fix="name a folder in it",
    ),
    Mistake(
        what="a Dockerfile that does not exist",
        catalogue={"services orders build": {"context": "services", "dockerfile": "services/orders/Containerfile"}},
        place="catalogue.yaml services.orders.build.dockerfile",
        line="dockerfile: services/orders/Containerfile",
        value="services/orders/Containerfile",
        message="is no file of the project",
        consequence=_NOTHING_TO_BUILD,
        fix=_CORRECT_THE_PATH,
    ),
    Mistake(
        what="a folder as Dockerfile",
        catalogue={"services orders build": {"context": "services", "dockerfile": "services/orders"}},
        place="catalogue.yaml services.orders.build.dockerfile",
        line="dockerfile: services/orders",
        value="services/orders",
        message="is no file of the project",
        consequence=_NOTHING_TO_BUILD,
        fix=_CORRECT_THE_PATH,
    ),
    Mistake(
        what="a Dockerfile outside of the project",
        catalogue={"services orders build": {"context": "services", "dockerfile": "services/../../Dockerfile"}},
        place="catalogue.yaml services.orders.build.dockerfile",
        line="dockerfile: services/../../Dockerfile",
        value="services/../../Dockerfile",
        message="lies outside of the project",
        consequence=_OTHER_CHECKOUT,
        fix="name a file in it",
    ),
    Mistake(
        what="a Dockerfile outside of its context",
        catalogue={"services orders build": {"context": "services/gen", "dockerfile": "services/orders/Dockerfile"}},
        place="catalogue.yaml services.orders.build.dockerfile",
        line="dockerfile: services/orders/Dockerfile",
        value="services/orders/Dockerfile",
        message="lies outside of its context, services/gen",
        consequence="a change of it would be a change of something that the build does not see",
        fix="move it there, or make the context a folder around it",
    ),
    Mistake(
        what="a build without a Dockerfile",
        catalogue={"services orders build": {"context": "services"}},
        place="catalogue.yaml services.orders.build.dockerfile",
        line="build:",
        message="is missing",
        consequence="there is no default that would be right, so nothing can be deployed",
        fix="add it",
    ),
)
