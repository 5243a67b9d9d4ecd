"""Where the state of stacks lies, and the passphrase that its secrets are encrypted with."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from launcher.failures import StateUnusable
from launcher.progress import say

_FILE_SCHEME = "file://"


@dataclass(frozen=True)
class Backend:
    """Where Pulumi keeps the state: its URL, and the folder if it is one on this machine."""

    url: str
    folder: Path | None


def backend(project: Path) -> Backend:
    """Return the backend that `PULUMI_BACKEND_URL` names, or else the folder `.state` of the project."""
    url = os.environ.get("PULUMI_BACKEND_URL")
    if not url:
        folder = project / ".state"
        return Backend(url=_FILE_SCHEME + str(folder), folder=folder)
    if not url.startswith(_FILE_SCHEME):
        return Backend(url=url, folder=None)
    # Pulumi reads file://~ as the home folder, and parameters (no_tmp_dir) after a question mark.
    path = Path(url.removeprefix(_FILE_SCHEME).split("?")[0]).expanduser()
    return Backend(url=url, folder=path.absolute())


def environment(chosen: Backend) -> dict[str, str]:
    """Return the variables with which the engine finds its state and can decrypt it.

    The user's own passphrase goes first. Only a state folder gets one made for it, kept in a file beside the state;
    its text is in no variable, argument or message. Raises StateUnusable when there is state whose passphrase is lost.
    """
    variables = {"PULUMI_BACKEND_URL": chosen.url}
    given = {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & os.environ.keys()
    if chosen.folder is not None:
        _make_private(chosen.folder)
        if not given:
            variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(_passphrase_file(chosen.folder))
    return variables


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StateUnusable(
            f"The state folder {folder} can't be made ({error.strerror}), so a run could not remember what it did. "
            "Make the folder writable, or name another backend in PULUMI_BACKEND_URL."
        ) from error


def _passphrase_file(folder: Path) -> Path:
    path = folder / "passphrase"
    if path.exists():
        return path
    if any((folder / ".pulumi" / "stacks").glob("**/*.json")):
        raise StateUnusable(
            f"The state in {folder} is encrypted, but its passphrase file {path} is missing, so no secret can be read. "
            "Restore the file, or set PULUMI_CONFIG_PASSPHRASE to the passphrase that the state was made with."
        )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another run was faster
        return path
    except OSError as error:
        raise StateUnusable(
            f"The passphrase file {path} can't be written ({error.strerror}), so secrets could not be encrypted. "
            "Make its folder writable, or set PULUMI_CONFIG_PASSPHRASE."
        ) from error
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32))
    say(f"Made a passphrase for the secrets in the state; it is in {path}. Keep it with the state.")
    return path
