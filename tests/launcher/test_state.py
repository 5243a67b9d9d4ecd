import stat
from pathlib import Path

import pytest

from launcher import state
from launcher.failures import StateUnusable


@pytest.fixture(autouse=True)
def no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_the_state_lies_in_the_project_unless_the_user_names_a_backend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert state.backend(tmp_path).url == f"file://{tmp_path}/.state"
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://states")
    assert state.backend(tmp_path) == state.Backend(url="s3://states", folder=None)
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file://~/states?no_tmp_dir=true")
    assert state.backend(tmp_path).folder == Path.home() / "states"


def test_a_made_passphrase_is_readable_by_its_owner_only_and_never_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    variables = state.environment(state.backend(tmp_path))
    file = Path(variables["PULUMI_CONFIG_PASSPHRASE_FILE"])
    passphrase = file.read_text()
    printed = capfd.readouterr()

    assert len(passphrase) >= 40, "32 random bytes as text"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert passphrase not in printed.out + printed.err + repr(variables)
    assert str(file) in printed.err, "the user must learn where it is, once"


def test_a_made_passphrase_stays_the_same(tmp_path: Path) -> None:
    first = Path(state.environment(state.backend(tmp_path))["PULUMI_CONFIG_PASSPHRASE_FILE"]).read_text()
    again = Path(state.environment(state.backend(tmp_path))["PULUMI_CONFIG_PASSPHRASE_FILE"]).read_text()
    assert again == first, "state that was encrypted before could not be read any more"


@pytest.mark.parametrize("variable", ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"])
def test_the_users_own_passphrase_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "")  # an empty passphrase is one too
    variables = state.environment(state.backend(tmp_path))
    assert variables == {"PULUMI_BACKEND_URL": f"file://{tmp_path}/.state"}
    assert not (tmp_path / ".state" / "passphrase").exists()


def test_a_lost_passphrase_is_told_instead_of_made_anew(tmp_path: Path) -> None:
    stacks = tmp_path / ".state" / ".pulumi" / "stacks" / "polyglot"
    stacks.mkdir(parents=True)
    (stacks / "local.json").write_text("{}")
    with pytest.raises(StateUnusable, match=r"passphrase file .*/passphrase is missing.*Restore the file"):
        state.environment(state.backend(tmp_path))


def test_a_state_folder_that_cannot_be_made_is_told_with_its_path(tmp_path: Path) -> None:
    (tmp_path / ".state").write_text("a file where the folder should be")
    with pytest.raises(StateUnusable, match=rf"{tmp_path}/\.state can't be made .*PULUMI_BACKEND_URL"):
        state.environment(state.backend(tmp_path))


def test_a_backend_elsewhere_gets_no_passphrase_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A passphrase that lies on one machine would lock all others out of a shared state."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://states")
    assert state.environment(state.backend(tmp_path)) == {"PULUMI_BACKEND_URL": "s3://states"}
