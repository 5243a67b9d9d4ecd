"""Reading YAML: what becomes of its values, where they stand, and what is said about files that can't be read."""

from pathlib import Path

import pytest

from stacks import yaml_source
from stacks.document import Document, InvalidConfiguration, Position, Problem, read
from stacks.problems import ABSENT
from tests.unprivileged import unprivileged


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "catalogue.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def document(folder: Path, content: str) -> Document:
    return read(written(folder, content), "catalogue.yaml")


def problems(folder: Path, content: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(InvalidConfiguration) as refused:
        read(written(folder, content), "catalogue.yaml")
    return refused.value.problems


@pytest.fixture(params=["libyaml", "pure Python"])
def either_loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML can be installed without libyaml, and then must behave the same."""
    if request.param == "pure Python":
        monkeypatch.setattr(yaml_source, "_Loader", yaml_source._PureLoader)
    elif yaml_source.CParser is None:
        pytest.skip("this PyYAML has no libyaml")


@pytest.mark.usefixtures("either_loader")
@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("0o17", 15),
        ("0x1F", 31),
        ("-3", -3),
        ("0", 0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("True", True),
        ("false", False),
        ("~", None),
        ("", None),
        ("'true'", "true"),
        ('"8080"', "8080"),
        ("!!str 8080", "8080"),
        ("<<", "<<"),
    ],
)
def test_scalars_are_those_of_the_core_schema(tmp_path: Path, scalar: str, value: object) -> None:
    """YAML 1.1 would turn a country code into a boolean and a duration into a number of seconds."""
    data = document(tmp_path, f"key: {scalar}\n").data
    assert data == {"key": value}, "other readers of the file would see another value"
    assert type(data["key"]) is type(value)


def test_an_alias_repeats_the_value_of_its_anchor(tmp_path: Path) -> None:
    data = document(tmp_path, "a: &shared {x: 1}\nb: *shared\n").data
    assert data == {"a": {"x": 1}, "b": {"x": 1}}
    assert data["a"] is not data["b"], "a change to one would change the other"


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert document(tmp_path, "\ufeffa: 1\n").data == {"a": 1}


def test_an_entry_is_where_its_key_is(tmp_path: Path) -> None:
    read_document = document(tmp_path, "services:\n  gateway:\n    ports:\n      - name: http\n        port: 8080\n")
    assert read_document.position(()) == Position(1, 1)
    assert read_document.position(("services", "gateway")) == Position(2, 3)
    assert read_document.position(("services", "gateway", "ports", 0)) == Position(4, 9)
    assert read_document.position(("services", "gateway", "ports", 0, "port")) == Position(5, 9)


def test_what_is_not_there_is_where_its_nearest_ancestor_is(tmp_path: Path) -> None:
    read_document = document(tmp_path, "services:\n  gateway:\n    ports: []\n")
    assert read_document.position(("services", "gateway", "image")) == Position(2, 3)
    assert read_document.position(("services", "gateway", "ports", 3, "name")) == Position(3, 5)
    assert read_document.position(("services", "gateway", "ports", "x")) == Position(3, 5)


def test_a_document_made_of_plain_data_knows_no_positions() -> None:
    made = Document(path=Path("x"), name="x", data={"a": 1})
    assert made.position(("a",)) is None
    assert made.problem(("a",), "m", consequence="c", fix="f").line is None


def test_a_problem_shows_what_stands_at_its_place(tmp_path: Path) -> None:
    read_document = document(tmp_path, "services:\n  gateway: {calls: [user]}\n")
    problem = read_document.problem(
        ("services", "gateway", "calls", 0),
        "is no service",
        consequence="the gateway would call nobody",
        fix="did you mean 'users'?",
    )
    assert str(problem) == (
        "catalogue.yaml:2:21  services.gateway.calls[0] = 'user'\n"
        "  is no service\n"
        "  consequence: the gateway would call nobody\n"
        "  fix:         did you mean 'users'?"
    )


def test_a_key_written_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "services:\n  users: {}\n  orders: {}\n  users: {}\n")
    assert (problem.location, problem.line, problem.column) == (("services", "users"), 4, 3)
    assert problem.message == "is written twice, first on line 2"


def test_all_problems_of_the_values_are_reported_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, "a: 1\na: 2\n80: x\nmode: 0777\nwhen: !!timestamp 2026-01-01\n<<: {}\n? {}\n: 1\n")
    assert [(problem.line, problem.message) for problem in found] == [
        (2, "is written twice, first on line 1"),
        (3, "has the key 80, which is not text"),
        (4, "is a number that starts with a zero"),
        (5, "has the tag !!timestamp"),
        (6, "has a merge key '<<'"),
        (7, "has a mapping as a key"),
    ]
    assert all(problem.consequence and problem.fix for problem in found)


@pytest.mark.usefixtures("either_loader")
@pytest.mark.parametrize(
    ("content", "line", "column", "words"),
    [
        ("a: b: c\n", 1, 5, "has a ':' here, where no key can stand"),
        ("a:\n\tb: 1\n", 2, 1, "is indented with a tab here"),
        ("a: @x\n", 1, 4, "starts with '@', which YAML reserves"),
        ("a: [1, 2\nb: 1\n", None, None, "has a list here whose ']' or ',' is missing"),
        ("a: {b: 1\n", None, None, "has a mapping here whose '}' or ',' is missing"),
        ("a: 'x\n", 1, 4, "has a quoted text here that never ends"),
        ("a: *x\n", 1, 4, "uses an alias here without an anchor"),
        ("a: &x 1\nb: &x 2\n", 2, 4, "defines an anchor here for the second time"),
        ("a: 1\n---\nb: 1\n", 2, 1, "has a second document here"),
        ("a: - b\n", 1, 4, "has a list item here, where none can stand"),
        ("a:\n   b: 1\n  c: 1\n", 3, 3, "does not go on here as the lines above it began"),
        ("a: 1\nb\n", None, None, "has a line here that is no 'key: value'"),
        ("a: !x!y z\n", 1, 4, "has a tag here that nothing defines"),
        ('a: "\\q"\n', 1, None, "has an unknown escape in double quotes"),
        ("a: " + "[" * 100_000, 1, 67, "is nested more than 64 levels deep"),
        ("- " * 100_000, 1, None, "is nested more than 64 levels deep"),
    ],
)
def test_malformed_yaml_is_explained_with_its_place(
    tmp_path: Path, content: str, line: int | None, column: int | None, words: str
) -> None:
    (problem,) = problems(tmp_path, content)
    assert words in problem.message
    assert problem.line is not None, "nobody finds the mistake in a long file without its line"
    assert line in (None, problem.line)
    assert column in (None, problem.column)


@pytest.mark.parametrize(
    ("content", "message", "place"),
    [
        (b"", "is empty, not a mapping", (None, None)),
        (b"# only a comment\n", "is empty, not a mapping", (None, None)),
        (b"- a\n", "is a list at its root, not a mapping", (None, None)),
        (b"text\n", "is a single value at its root, not a mapping", (None, None)),
        (b"a: 1\nb: \xff\n", "is not UTF-8: the byte 0xff belongs to no character", (2, 4)),
        (b"a: 1\nb: \x07\n", "contains the control character U+0007", (2, 4)),
    ],
)
def test_a_file_that_is_no_mapping_of_text_is_refused(
    tmp_path: Path, content: bytes, message: str, place: tuple[int | None, int | None]
) -> None:
    (problem,) = problems(tmp_path, content)
    assert (problem.message, (problem.line, problem.column)) == (message, place)


def test_a_missing_file_is_named_with_a_fix(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match=r"(?s)nowhere.yaml\n  does not exist\n.*fix: +create it"):
        read(tmp_path / "nowhere.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="is a folder, not a file"):
        read(tmp_path)


def test_a_file_of_somebody_else_is_named_with_a_fix(tmp_path: Path) -> None:
    path = written(tmp_path, "a: 1\n")
    path.chmod(0)
    with unprivileged(), pytest.raises(InvalidConfiguration, match="may not be read by this user"):
        read(path)


def test_aliases_of_aliases_do_not_fill_the_memory(tmp_path: Path) -> None:
    """Nine lines can stand for a billion values."""
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9)]
    (problem,) = problems(tmp_path, "\n".join(lines))
    assert problem.message == "holds more than 500,000 values once its aliases are resolved"


def test_a_value_that_contains_itself_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "a: &a [*a]\n")
    assert problem.message == "contains itself, through an alias"


def test_a_malformed_secret_is_not_shown(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "password: 0123456\n")
    assert "0123456" not in str(problem) + repr(problem)


def test_the_value_of_a_place_that_is_not_there_is_absent(tmp_path: Path) -> None:
    read_document = document(tmp_path, "a: [{b: 1}]\n")
    assert read_document.value(("a", 0, "b")) == 1
    assert [read_document.value(at) for at in [("x",), ("a", 1), ("a", "b"), ("a", 0, "b", "c")]] == [ABSENT] * 4
