"""The only reader of the catalogue, of a stack's environment, and of Pulumi's configuration.

Everything is validated as a whole, and every problem of both documents is reported at once.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from stacks.build_files import build_problems, certificates, content_tags
from stacks.document import Document, InvalidConfiguration, Problem, read
from stacks.parsing import parsed
from stacks.problems import ABSENT
from stacks.schema.builds import built_services
from stacks.schema.catalogue import Catalogue
from stacks.schema.configuration_entries import ConfigFile
from stacks.schema.environment import ROOT, Environment, SecretsFrom
from stacks.schema.environment_checks import name_problems, workload_problems
from stacks.schema.images import LOGIN_KEYS
from stacks.schema.observability_names import observability_name_problems
from stacks.schema.platform import Platform
from stacks.schema.references import catalogue_problems
from stacks.schema.resolution import resolve

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
            problems += parsed(document, model, prefix).problems
        raise InvalidConfiguration(problems)
    return resolve_documents(documents[0], documents[1])


def resolve_documents(catalogue_document: Document, environment_document: Document) -> Platform:
    """Check two documents against their models and each other, and resolve them."""
    from_catalogue = parsed(catalogue_document, Catalogue, ())
    from_environment = parsed(environment_document, Environment, ROOT)
    catalogue, environment = from_catalogue.model, from_environment.model
    project = catalogue_document.path.parent.parent
    found: list[Problem] = []
    files: dict[str, str] = {}
    tags: dict[str, str] = {}
    trusted: str | None = None
    if catalogue is not None:
        found += catalogue_problems(catalogue, catalogue_document)
        files, unreadable = _config_files(catalogue, catalogue_document)
        found += unreadable
        found += build_problems(catalogue, catalogue_document, project)
    if environment is not None and environment.images is not None:
        trusted, unusable = certificates(environment.images, environment_document, project)
        found += unusable
    if catalogue is not None and environment is not None:
        found += name_problems(catalogue, environment, environment_document)
        found += observability_name_problems(catalogue, environment, catalogue_document)
        # Workloads are whole only where both documents are: what is wrong in one would be told again.
        if not found and not from_catalogue.problems and not from_environment.problems:
            built = tuple(built_services(catalogue, environment))
            if environment.images is not None:
                tags, found = content_tags(catalogue, built, environment.images, catalogue_document, project)
            if not found:
                found += workload_problems(catalogue, environment, tags, environment_document, catalogue_document)
    problems = [*from_catalogue.problems, *from_environment.problems]
    problems += from_environment.sound(from_catalogue.sound(found))
    if problems or catalogue is None or environment is None:
        raise InvalidConfiguration(problems)
    return resolve(catalogue, environment, files=files, tags=tags, certificates=trusted)


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


class Loaded(NamedTuple):
    """A platform, and the secrets that its stack supplies, the login at its registry among them."""

    platform: Platform
    secrets: "Mapping[str, Mapping[str, pulumi.Output[str]]]"
    """Secret → key → value, each a secret Output."""


def load(project: Path = PROJECT) -> Loaded:
    """Load the platform of the stack that Pulumi runs.

    Raises pulumi.RunError with every problem: Pulumi prints that without a traceback.
    """
    import pulumi

    try:
        return _loaded(project)
    except InvalidConfiguration as invalid:
        raise pulumi.RunError(str(invalid)) from None


def _loaded(project: Path) -> Loaded:
    import pulumi

    stack = pulumi.get_stack()
    config = pulumi.Config("polyglot")
    catalogue = read(project / CATALOGUE, CATALOGUE)
    name = environment_file(stack)
    path = project / name
    environment = Document(path, name, {ROOT[0]: {ROOT[1]: _object(config, "environment")}}, _root(path, name))
    platform = resolve_documents(catalogue, environment)
    needed = _needed_secrets(platform)
    if not needed:
        return Loaded(platform, {})
    problems = _secret_problems(needed, config, environment, f"pulumi config set --stack {stack} --secret --path")
    if problems:
        raise InvalidConfiguration(problems)
    return Loaded(platform, _secrets(needed, config.require_secret_object("secrets")))


def _root(path: Path, name: str) -> Any:
    """Return the positions in the stack's file; none where the configuration comes from elsewhere."""
    try:
        return read(path, name).root
    except InvalidConfiguration:
        return None


def _object(config: "pulumi.Config", key: str) -> Any:
    """Return a configuration value that is an object, or ABSENT where it is something else."""
    import pulumi

    try:
        return config.get_object(key)
    except pulumi.ConfigTypeError:
        # Pulumi's own message would print the value, and it may be a secret.
        return ABSENT


class _Needed(NamedTuple):
    """Values that the stack itself supplies under one name."""

    keys: tuple[str, ...]
    because: str
    consequence: str


def _needed_secrets(platform: Platform) -> dict[str, _Needed]:
    """Return what must stand in polyglot:secrets: the platform's Secrets, and a login, which no cluster supplies."""
    needed = {}
    if platform.secrets_from is SecretsFrom.STACK:
        for name, secret in platform.every_secret.items():
            because = f"this stack supplies the Secret {name!r}"
            needed[name] = _Needed(
                secret.keys, because, "the Pods that read it would not start, or would let everybody in"
            )
    login = platform.images.credentials
    if login is not None:
        needed[login] = _Needed(LOGIN_KEYS, "images.credentials names it", "the registry would refuse the images")
    return needed


def _secret_problems(
    needed: Mapping[str, _Needed], config: "pulumi.Config", document: Document, command: str
) -> list[Problem]:
    """Return what is wrong with the stack's secrets; ``command`` is what sets one."""
    location = ("config", "polyglot:secrets")
    supplied = _object(config, "secrets")
    if supplied is not None and not isinstance(supplied, Mapping):
        return [
            document.problem(
                location,
                "is not a mapping",
                consequence="no Secret of this stack has its values",
                fix=f"pulumi config rm polyglot:secrets; then set each key: {command} 'polyglot:secrets.NAME.KEY'",
            )
        ]
    return [
        document.problem(
            (*location, name, key),
            f"is not set, or no text, and {secret.because}",
            consequence=secret.consequence,
            fix=f"{command} 'polyglot:secrets.{name}.{key}' (it asks for the value)",
        )
        for name, secret in needed.items()
        for key in secret.keys
        if not _is_supplied((supplied or {}).get(name), key)
    ]


def _is_supplied(values: object, key: str) -> bool:
    return isinstance(values, Mapping) and isinstance(values.get(key), str) and values[key] != ""


def _secrets(
    needed: Mapping[str, _Needed], supplied: "pulumi.Output[Any]"
) -> "dict[str, dict[str, pulumi.Output[str]]]":
    def value(name: str, key: str) -> "pulumi.Output[str]":
        return supplied.apply(lambda values: values[name][key])

    return {name: {key: value(name, key) for key in secret.keys} for name, secret in needed.items()}
