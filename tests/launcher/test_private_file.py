import stat
from pathlib import Path

from launcher.private_file import write_private


def test_a_private_file_replaces_a_public_one(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, "the old file's mode must not survive"
