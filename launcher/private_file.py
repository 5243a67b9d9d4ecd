"""Files that only their owner may read."""

from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, replacing one that was there."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)
