"""What people read when their configuration is wrong. The models here are small, and made like the real ones."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails

from components.faults import fault
from components.specs.base import Spec
from components.specs.tags import tag, tag_by_key
from stacks.document import read
from stacks.problems import ABSENT, InvalidConfiguration, Problem, is_secret, written
from stacks.validation import from_pydantic


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=lambda name: name.replace("_", "-"))


def a_quantity(value: str) -> str:
    if not value.endswith("Mi"):
        raise fault("is not a quantity of memory", consequence="Kubernetes refuses the container", fix="e.g. 512Mi")
    return value


class Kind(StrEnum):
    DEPLOYMENT = "deployment"
    STATEFUL_SET = "stateful-set"


class Limits(Model):
    memory: Annotated[str, AfterValidator(a_quantity)]
    cpu: int = 1


class ConfigKey(Model):
    config_map: str
    key: str


class SecretKey(Model):
    secret: str
    key: str


class FieldPath(Model):
    field: Literal["address", "node"]


class Http(Model):
    type: Literal["http"]
    path: str
    http: int = 1


class Grpc(Model):
    type: Literal["grpc"]
    port: int


class Claim(Model):
    claim: int
    access: str = ""


class Empty(Model):
    empty: int


def lower_case(value: str) -> str:
    if not value.islower():
        raise fault("is not lower case", consequence="nobody would find it", fix="write it in small letters")
    return value


class Size(Model):
    number: Annotated[int, Field(ge=1)]


class Service(Model):
    image: Annotated[str, Field(max_length=20, min_length=2)] = "x:1"
    kind: Kind = Kind.DEPLOYMENT
    replicas: Annotated[int, Field(ge=1, lt=9)] = 1
    limits: Limits | None = None
    env: dict[Annotated[str, Field(pattern="^[A-Z_]+$")], str | int | ConfigKey | SecretKey | FieldPath] = {}
    probe: Annotated[Http | Grpc, Field(discriminator="type")] | None = None
    ports: Annotated[tuple[int, ...], Field(max_length=2)] = ()
    public: bool = False
    db_password: str | None = None
    strategy: Literal["rolling", "recreate"] | Limits = "rolling"
    volume: Annotated[
        Annotated[str, tag("name")] | Annotated[Claim, tag("claim")] | Annotated[Empty, tag("empty")],
        tag_by_key("claim", "empty", otherwise="name"),
    ] = "data"
    scratch: Annotated[
        Annotated[Claim, tag("claim")] | Annotated[Empty, tag("empty")], tag_by_key("claim", "empty")
    ] = Empty(empty=1)
    hosts: Annotated[tuple[int, ...], Field(min_length=2)] = (1, 2)
    paths: Annotated[
        dict[Annotated[str, AfterValidator(lower_case)], None],
        BeforeValidator(lambda value: dict.fromkeys(value) if isinstance(value, list) else value),
    ] = {}
    size: Annotated[Size, BeforeValidator(lambda value: {"number": value} if isinstance(value, int) else value)] = Size(
        number=1
    )

    @model_validator(mode="after")
    def agrees(self) -> "Service":
        if self.replicas == 5:
            raise ValueError("five is right out")
        if self.replicas == 6:
            absent = fault("is missing for six", consequence="c", fix="f")
            details = InitErrorDetails(type=absent, loc=("limits", "memory"), input=None)
            raise ValidationError.from_exception_data("Service", [details])
        return self


class Catalogue(Model):
    services: dict[str, Service]


def found(folder: Path, service: str, model: type[BaseModel] | None = Catalogue) -> list[Problem]:
    """Return the problems of a catalogue with one service, ``s``, written in flow style."""
    path = folder / "c.yaml"
    path.write_text(f"services:\n  s: {service}\n")
    document = read(path, "c.yaml")
    with pytest.raises(ValidationError) as refused:
        Catalogue.model_validate(document.data)
    return from_pydantic(refused.value, document, model=model)


CASES = [
    ("{replcas: 3}", "replcas = 3", "is not a setting that exists here", "did you mean 'replicas'?"),
    (
        "{replcas: 3, replicas: 2}",
        "replcas = 3",
        "is not a setting that exists here",
        "remove it: 'replicas' is set as well",
    ),
    (
        "{limits: {memory: 1Mi, x: 3}}",
        "limits.x = 3",
        "is not a setting that exists here",
        "remove it; what else can be set here: cpu",
    ),
    ("{limits: {memroy: 1Mi}}", "limits.memroy = '1Mi'", "is not a setting that exists here", "did you mean 'memory'?"),
    ("{limits: {}}", "limits.memory", "is missing", "add it"),
    ("{limits: {memory: 512MB}}", "limits.memory = '512MB'", "is not a quantity of memory", "e.g. 512Mi"),
    ("{image: 1.5}", "image = 1.5", "is a number, where text belongs", "put it in quotes"),
    ("{image: true}", "image = true", "is a boolean, where text belongs", "put it in quotes"),
    ("{image: }", "image = null", "has no value", "write text, or remove the key"),
    ("{image: [a]}", "image", "is a list, where text belongs", "write text"),
    ("{image: x}", "image = 'x'", "has 1 character, where at least 2 must stand", "write at least 2"),
    ("{image: ''}", "image = ''", "is empty", "write at least 2 characters"),
    (
        f"{{image: {'x' * 21}}}",
        f"image = '{'x' * 21}'",
        "has 21 characters, where at most 20 may stand",
        "write at most 20",
    ),
    ("{kind: deploymnt}", "kind = 'deploymnt'", "is none of deployment, stateful-set", "did you mean 'deployment'?"),
    ("{replicas: 0}", "replicas = 0", "is less than 1", "use at least 1"),
    ("{replicas: 9}", "replicas = 9", "is not less than 9", "use a number less than 9"),
    ("{replicas: two}", "replicas = 'two'", "is text, where a whole number belongs", "write a whole number"),
    ("{replicas: 1.5}", "replicas = 1.5", "has a fraction, where a whole number belongs", "write a whole number"),
    ("{replicas: 5}", "", "five is right out", "correct the value"),
    ("{replicas: 6}", "limits.memory", "is missing for six", "f"),
    ("{public: maybe}", "public = 'maybe'", "is text, where true or false belongs", "write true or false"),
    ("{ports: 80}", "ports = 80", "is a number, where a list belongs", "write a list: '- ' before each item"),
    ("{ports: [1, 2, 3]}", "ports", "has 3 entries, where at most 2 may stand", "write at most 2"),
    ("{ports: [1, x]}", "ports[1] = 'x'", "is text, where a whole number belongs", "write a whole number"),
    ("{limits: 5}", "limits = 5", "is a number, where a mapping belongs", "write 'key: value' lines below it"),
    (
        "{env: {low: x}}",
        "env.low",
        "has a name that does not match the pattern ^[A-Z_]+$",
        "write it as the pattern asks",
    ),
    (
        "{env: {A: 1.5}}",
        "env.A = 1.5",
        "is a number, where text, a whole number or a mapping belongs",
        "write text, a whole number or a mapping",
    ),
    (
        "{env: {A: {secrte: x, key: y}}}",
        "env.A.secrte = [hidden]",
        "is not a setting that exists here",
        "did you mean 'secret'?",
    ),
    ("{env: {A: {config-map: [], key: y}}}", "env.A.config-map", "is a list, where text belongs", "write text"),
    ("{env: {A: {field: adress}}}", "env.A.field = 'adress'", "is none of address, node", "did you mean 'address'?"),
    (
        "{env: {A: {x: 1}}}",
        "env.A",
        "is none of the forms that are allowed here",
        "write text, a whole number, {config-map: …, key: …}, {secret: …, key: …} or {field: …}",
    ),
    (
        "{env: {A: {key: x}}}",
        "env.A",
        "is none of the forms that are allowed here",
        "write text, a whole number, {config-map: …, key: …}, {secret: …, key: …} or {field: …}",
    ),
    ("{probe: {type: htp}}", "probe.type = 'htp'", "is none of http, grpc", "did you mean 'http'?"),
    ("{probe: {path: /}}", "probe.type", "is missing", "add it"),
    (
        "{probe: {type: http, path: /, http: x}}",
        "probe.http = 'x'",
        "is text, where a whole number belongs",
        "write a whole number",
    ),
    (
        "{probe: {type: grpc, port: x}}",
        "probe.port = 'x'",
        "is text, where a whole number belongs",
        "write a whole number",
    ),
    (
        "{strategy: roling}",
        "strategy = 'roling'",
        "is text, where 'rolling', 'recreate' or a mapping belongs",
        "write 'rolling', 'recreate' or a mapping",
    ),
    ("{strategy: {memory: 5}}", "strategy.memory = 5", "is a number, where text belongs", "put it in quotes"),
    ("5", " = 5", "is a number, where a mapping belongs", "write 'key: value' lines below it"),
    ("{volume: {claim: x}}", "volume.claim = 'x'", "is text, where a whole number belongs", "write a whole number"),
    ("{volume: {clam: 1}}", "volume.clam = 1", "is not a setting that exists here", "did you mean 'claim'?"),
    (
        "{volume: {claim: 1, acess: x}}",
        "volume.acess = 'x'",
        "is not a setting that exists here",
        "did you mean 'access'?",
    ),
    (
        "{volume: {claim: 1, empty: 2}}",
        "volume.empty = 2",
        "is not a setting that exists here",
        "remove it; what else can be set here: access",
    ),
    (
        "{volume: {clam: 1, acess: x}}",
        "volume",
        "is none of the forms that are allowed here",
        "write text, {claim: …} or {empty: …}",
    ),
    ("{volume: {}}", "volume", "is none of the forms that are allowed here", "write text, {claim: …} or {empty: …}"),
    ("{volume: [x]}", "volume", "is a list, where text belongs", "write text"),
    ("{scratch: x}", "scratch = 'x'", "is text, where a mapping belongs", "write {claim: …} or {empty: …}"),
    ("{scratch: }", "scratch = null", "has no value", "write {claim: …} or {empty: …}, or remove the key"),
    ("{hosts: [1, x]}", "hosts[1] = 'x'", "is text, where a whole number belongs", "write a whole number"),
    ("{hosts: []}", "hosts", "is empty", "write at least 2 entries"),
    ("{paths: [Upper]}", "paths[0]", "has a name that is not lower case", "write it in small letters"),
    ("{size: 0}", "size = 0", "is less than 1", "use at least 1"),
]


@pytest.mark.parametrize(("service", "place", "message", "fix"), CASES)
def test_each_mistake_gives_one_problem_in_plain_words(
    tmp_path: Path, service: str, place: str, message: str, fix: str
) -> None:
    if "secrte" in service:
        place = place.replace("[hidden]", "'x'")  # a misspelt name is no secret's name
    (problem,) = found(tmp_path, service)
    first, *_ = str(problem).splitlines()
    path = "services.s" + (f".{place}" if place and not place.startswith(" ") else place)
    assert first.partition("  ")[2] == path, "the path must be the one in the file, without pydantic's own additions"
    assert (problem.message, problem.fix) == (message, fix)
    assert problem.consequence
    assert problem.line == 2, "the service is on line 2"


@pytest.mark.parametrize("hosts", ["[x, y]", "[1, x]"])
def test_faulty_items_are_counted_where_a_list_must_not_be_short(tmp_path: Path, hosts: str) -> None:
    problems = found(tmp_path, f"{{hosts: {hosts}}}")
    assert {problem.message for problem in problems} == {"is text, where a whole number belongs"}


def test_a_member_of_a_tagged_union_is_recognized_by_its_fields_in_python_too() -> None:
    class ByPath(Spec):
        host_path: str

    class ByName(Spec):
        name: str

    union: TypeAdapter[ByPath | ByName] = TypeAdapter(
        Annotated[Annotated[ByPath, tag("host-path")] | Annotated[ByName, tag("name")], tag_by_key("host-path", "name")]
    )
    for value in (ByPath(host_path="/x"), {"host-path": "/x"}, {"host_path": "/x"}):
        assert union.validate_python(value) == ByPath(host_path="/x")


def test_mistakes_in_many_places_are_all_reported_in_the_order_of_the_file(tmp_path: Path) -> None:
    problems = found(tmp_path, "{ports: [x], replicas: 0, nonsense: 1, limits: {}}")
    assert [problem.location[2:] for problem in problems] == [
        ("ports", 0),
        ("replicas",),
        ("nonsense",),
        ("limits", "memory"),
    ]


def test_without_the_model_unknown_keys_are_still_reported(tmp_path: Path) -> None:
    (problem,) = found(tmp_path, "{replcas: 3}", model=None)
    assert problem.message == "is not a setting that exists here"


def test_the_prefix_leads_to_the_part_that_was_validated(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config:\n  polyglot:environment:\n    services:\n      s: {replicas: 0}\n")
    document = read(path, "Pulumi.dev.yaml")
    prefix = ("config", "polyglot:environment")
    with pytest.raises(ValidationError) as refused:
        Catalogue.model_validate(document.value(prefix))
    (problem,) = from_pydantic(refused.value, document, prefix, Catalogue)
    assert str(problem).startswith("Pulumi.dev.yaml:4:11  config.polyglot:environment.services.s.replicas = 0\n")


@pytest.mark.parametrize("service", ["{db-password: 123456}", "{db-password: [123456]}", "{env: {API_TOKEN: 1234.56}}"])
def test_a_secret_is_never_shown(tmp_path: Path, service: str) -> None:
    (problem,) = found(tmp_path, service)
    assert "1234" not in str(problem) + repr(problem)


def test_a_secret_that_a_validator_repeats_is_blotted_out(tmp_path: Path) -> None:
    class Account(Model):
        token: Annotated[str, AfterValidator(lambda value: (_ for _ in ()).throw(ValueError(f"{value} is too short")))]

    path = tmp_path / "c.yaml"
    path.write_text("token: hunter2\n")
    document = read(path)
    with pytest.raises(ValidationError) as refused:
        Account.model_validate(document.data)
    (problem,) = from_pydantic(refused.value, document, model=Account)
    assert problem.message == "[hidden] is too short"
    assert "hunter2" not in repr(problem)


@pytest.mark.parametrize("location", [("db-password",), ("secrets", 0, "x"), ("env", "API_KEY"), ("a", "authToken")])
def test_names_of_secrets_are_recognized(location: tuple[str | int, ...]) -> None:
    assert is_secret(location)


@pytest.mark.parametrize("location", [("env", "LOG_LEVEL"), ("key",), ("tokenizer",), ("api", "key"), (0,)])
def test_other_names_are_not_taken_for_secrets(location: tuple[str | int, ...]) -> None:
    assert not is_secret(location)


def test_a_location_is_written_as_in_the_file() -> None:
    assert written(("services", "a", "ports", 0, "name")) == "services.a.ports[0].name"
    assert written(("labels", "example.com/team")) == "labels['example.com/team']"


def test_long_text_is_cut_and_further_lines_stand_under_the_first() -> None:
    problem = Problem("f", ("a",), "one\ntwo", "c", "do this\nthen that", "x" * 200, 3)
    assert str(problem) == (
        f"f:3  a = '{'x' * 80}'…\n  one\n  two\n  consequence: c\n  fix:         do this\n               then that"
    )


def test_only_scalars_are_kept() -> None:
    assert Problem("f", ("a",), "m", "c", "f", {"password": "x"}).value is ABSENT


def test_the_exception_holds_each_problem_once_sorted_and_counts_them() -> None:
    one = Problem("b.yaml", ("x",), "m", "c", "f", line=9)
    other = Problem("b.yaml", ("x", 0), "m", "c", "f", line=10)
    elsewhere = Problem("a.yaml", (), "m", "c", "f")
    error = InvalidConfiguration([other, one, elsewhere, one])
    assert error.problems == (elsewhere, one, other)
    assert str(error).endswith("\n\n3 problems in 2 files; nothing was changed")
    assert str(InvalidConfiguration([one])).endswith("\n\n1 problem in b.yaml; nothing was changed")
