"""Which cluster a provider's configuration means, by the official provider's and kubectl's rules."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
import yaml
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.config.models import User

from launcher.standin.kubernetes.yaml_errors import yaml_problem

DEFAULT_FILE = "~/.kube/config"

_FILES_OF_A_CLUSTER = ("certificate-authority",)
_FILES_OF_A_USER = ("client-certificate", "client-key", "tokenFile")


class NoCluster(Exception):
    """No cluster can be told from the configuration. Its text says why, and what to do."""


def cluster_of(kubeconfig: str | None, context: str | None) -> SingleConfig:
    """The cluster and user that the provider's settings mean.

    `kubeconfig` is a file's contents or its path, else $KUBECONFIG (several files, if need be), else ~/.kube/config;
    `context` is one of its contexts, else its current one. Raises NoCluster for a file that is missing or malformed, or
    a context that isn't there.
    """
    documents = _documents(kubeconfig)
    where = ", ".join(origin for origin, _ in documents)
    try:
        merged = _merged([document for _, document in documents])
        chosen = context or merged["current-context"]
        known = [entry["name"] for entry in merged["contexts"]]
        if chosen not in known:
            what = f"Context {chosen} is not" if chosen else "No current context is chosen"
            raise NoCluster(
                f"{what} in {where} (contexts there: {', '.join(known) or 'none'}), so no cluster can be reached. "
                "Correct the stack's cluster.context, or create that context."
            )
        single = cast(SingleConfig, KubeConfig.from_dict(merged).get(chosen))
    except (KeyError, TypeError, AttributeError, msgspec.ValidationError) as error:
        raise NoCluster(
            f"{where} is not a complete kubeconfig ({error!r}), so no cluster can be reached. Compare it with "
            "`kubectl config view`."
        ) from error
    return single._replace(user=single.user or User())


def _documents(kubeconfig: str | None) -> list[tuple[str, Mapping[str, Any]]]:
    """Where each part of the configuration came from, and the part."""
    if kubeconfig:
        contents = _parsed(kubeconfig)
        if isinstance(contents, dict):
            return [("the provider's kubeconfig", contents)]
    paths = kubeconfig or os.environ.get("KUBECONFIG") or DEFAULT_FILE
    files = [Path(path).expanduser() for path in paths.split(os.pathsep) if path]
    existing = [file for file in files if file.is_file()]
    if not existing:
        raise NoCluster(
            f"There is no kubeconfig at {paths}, so no cluster can be reached. Name one with $KUBECONFIG, "
            "or render the stack to a folder (cluster.render-to)."
        )
    return [(str(file), _read(file)) for file in existing]


def _parsed(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _read(file: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise NoCluster(
            f"The kubeconfig {file}, {yaml_problem(error)}. No cluster can be reached; correct the file."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise NoCluster(
            f"The kubeconfig {file} can't be read: {error}. No cluster can be reached; correct the file."
        ) from error
    if not isinstance(document, dict):
        raise NoCluster(f"The kubeconfig {file} holds no mapping, so no cluster can be reached. Correct the file.")
    return _with_absolute_files(document, file.parent.absolute())


def _with_absolute_files(document: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """A kubeconfig's file names are relative to its own folder, not to whatever runs it."""

    def entries(section: str, item: str, keys: tuple[str, ...]) -> list[Any]:
        return [
            {**entry, item: {key: str(folder / value) if key in keys else value for key, value in entry[item].items()}}
            if isinstance(entry, dict) and isinstance(entry.get(item), dict)
            else entry
            for entry in document.get(section) or []
        ]

    return {
        **document,
        "clusters": entries("clusters", "cluster", _FILES_OF_A_CLUSTER),
        "users": entries("users", "user", _FILES_OF_A_USER),
    }


def _merged(documents: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Several kubeconfigs as one: the first to name a thing wins, as with kubectl."""
    current = next((document["current-context"] for document in documents if document.get("current-context")), None)
    merged: dict[str, Any] = {"current-context": current}
    for section in ("clusters", "contexts", "users"):
        by_name: dict[str, Any] = {}
        for document in documents:
            for entry in document.get(section) or []:
                by_name.setdefault(entry["name"], entry)
        merged[section] = list(by_name.values())
    return merged
