"""The only reader of the catalogue, of a stack's environment, and of Pulumi's configuration.

Everything is validated as a whole, and every problem of both documents is reported at once.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from stacks.document import Document, InvalidConfiguration, Problem, read
from stacks.schema.catalogue import Catalogue, ConfigFile
from stacks.schema.environment import Environment, SecretsFrom
from stacks.schema.environment_checks import ROOT, name_problems, workload_problems
from stacks.schema.platform import Platform
from stacks.schema.references import catalogue_problems
from stacks.schema.resolution import resolve
from stacks.validation import from_pydantic

if TYPE_CHECKING:
    import pulumi

CATALOGUE: Final = "stacks/catalogue.yaml"
PROJECT: Final = Path(__file__).resolve().parent.parent
"""The folder that holds Pulumi.yaml."""


def environment_file(stack: str) -> str:
    """Return a stack's file, seen from the project."""
    return f"stacks/Pulumi.{stack}.yaml"


def validate(stack: str, project: Path = PROJECT) -> Platform:
    """Read, check and resolve the documents of a stack, without Pulumi.

    Raises InvalidConfiguration with every problem of both documents.
    """
    problems: list[Problem] = []
    documents: list[Document] = []
    for name in (CATALOGUE, environment_file(stack)):
        try:
            documents.append(read(project / name, name))
        except InvalidConfiguration as error:
            problems += error.problems
    if problems:
        # The one that could be read is checked all the same: its problems are news too.
        for document in documents:
            model, prefix = (Catalogue, ()) if document.name == CATALOGUE else (Environment, ROOT)
            problems += _parsed(document, model, prefix)[1]
        raise InvalidConfiguration(problems)
    return resolve_documents(documents[0], documents[1])


def resolve_documents(catalogue_document: Document, environment_document: Document) -> Platform:
    """Check two documents against their models and each other, and resolve them."""
    catalogue, problems = _parsed(catalogue_document, Catalogue, ())
    environment, more = _parsed(environment_document, Environment, ROOT)
    problems += more
    files: dict[str, str] = {}
    if isinstance(catalogue, Catalogue):
        problems += catalogue_problems(catalogue, catalogue_document)
        files, more = _config_files(catalogue, catalogue_document)
        problems += more
    if isinstance(catalogue, Catalogue) and isinstance(environment, Environment):
        more = list(name_problems(catalogue, environment, environment_document))
        problems += more
        if not more:
            problems += workload_problems(catalogue, environment, environment_document)
    if problems or not isinstance(catalogue, Catalogue) or not isinstance(environment, Environment):
        raise InvalidConfiguration(problems)
    return resolve(catalogue, environment, files=files)


def _parsed(
    document: Document, model: type[Catalogue] | type[Environment], prefix: tuple[str, ...]
) -> tuple[Catalogue | Environment | None, list[Problem]]:
    """Return the document as a model, and what is wrong with it.

    Where single values are wrong, the model is made without them, so that what is wrong elsewhere is found as well.
    """
    data = document.value(prefix)
    if not isinstance(data, dict):
        return None, [
            document.problem(
                prefix,
                "is not there" if prefix else "is not a mapping",
                consequence="nothing says how the platform runs here",
                fix=f"add it: {' → '.join(prefix)} → tier, cluster, namespace, …",
            )
        ]
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        problems = from_pydantic(error, document, prefix, model)
        rest = deepcopy(data)
        # A missing entry, or a whole service, can't be left out: others refer to it, and would be blamed for it.
        if all(_left_out(rest, problem.location[len(prefix) :]) for problem in problems):
            try:
                return model.model_validate(rest), problems
            except ValidationError:
                pass
        return None, problems


def _left_out(data: dict[str, Any], location: tuple[str | int, ...]) -> bool:
    if len(location) < 3:
        return False
    holder: Any = data
    try:
        for segment in location[:-1]:
            holder = holder[segment]
        if isinstance(holder, dict):
            del holder[location[-1]]
            return True
    except (KeyError, IndexError, TypeError):
        # Another problem at the same place has taken it out already, or it was never written.
        pass
    return False


def _config_files(catalogue: Catalogue, document: Document) -> tuple[dict[str, str], list[Problem]]:
    """Read the files that ConfigMaps name; their paths are seen from the catalogue."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    folder = document.path.parent
    for name, entry in catalogue.config_maps.items():
        for key, value in entry.data.items():
            if not isinstance(value, ConfigFile):
                continue
            try:
                texts[value.file] = (folder / value.file).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                reason = (
                    "is not text in UTF-8"
                    if isinstance(error, UnicodeDecodeError)
                    else f"can't be read: {error.strerror}"
                )
                problems.append(
                    document.problem(
                        ("config-maps", name, "data", key, "file"),
                        reason,
                        consequence=f"the ConfigMap {name} would lack its key {key}",
                        fix=f"put the file at {folder.name}/{value.file}, or correct the path",
                    )
                )
    return texts, problems


@dataclass(frozen=True)
class Loaded:
    """A platform, and the secrets that its stack supplies: Secret → key → value, each a secret Output."""

    platform: Platform
    secrets: "Mapping[str, Mapping[str, pulumi.Output[str]]]"


def load(project: Path = PROJECT) -> Loaded:
    """Load the platform of the stack that Pulumi runs. Raises InvalidConfiguration with every problem."""
    import pulumi

    stack = pulumi.get_stack()
    config = pulumi.Config("polyglot")
    catalogue = read(project / CATALOGUE, CATALOGUE)
    name = environment_file(stack)
    path = project / name
    environment = Document(path, name, {ROOT[0]: {ROOT[1]: config.get_object("environment")}}, _root(path, name))
    platform = resolve_documents(catalogue, environment)
    supplied = config.get_secret_object("secrets") if platform.secrets_from is SecretsFrom.STACK else None
    missing = _missing_secrets(platform, config.get_object("secrets") or {}, environment)
    if platform.secrets_from is SecretsFrom.STACK and missing:
        raise InvalidConfiguration(missing)
    return Loaded(platform, _secrets(platform, supplied))


def _root(path: Path, name: str) -> Any:
    """Return the positions in the stack's file; none where the configuration comes from elsewhere."""
    try:
        return read(path, name).root
    except InvalidConfiguration:
        return None


def _missing_secrets(platform: Platform, supplied: Mapping[str, Any], document: Document) -> list[Problem]:
    return [
        document.problem(
            ("config", "polyglot:secrets", name, key),
            f"is not set, and this stack supplies the Secret {name!r}",
            consequence="the Pods that read it would not start",
            fix=f"pulumi config set --secret --path 'polyglot:secrets.{name}.{key}' (it asks for the value)",
        )
        for name, secret in platform.secrets.items()
        for key in secret.keys
        if not isinstance((supplied.get(name) or {}).get(key), str)
    ]


def _secrets(platform: Platform, supplied: "pulumi.Output[Any] | None") -> "dict[str, dict[str, pulumi.Output[str]]]":
    if supplied is None:
        return {}

    def value(name: str, key: str) -> "pulumi.Output[str]":
        return supplied.apply(lambda values: values[name][key])

    return {name: {key: value(name, key) for key in secret.keys} for name, secret in platform.secrets.items()}
