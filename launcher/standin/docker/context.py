"""A digest of what a build sees on the disk: what an image was built from."""

import hashlib
from pathlib import Path

# Which files a build sees is Docker's rule, and nothing of this platform: so it is read where the platform reads it.
from components.images.content import seen_files


def digest(context: Path, dockerfile: Path) -> str:
    """A SHA-256 digest (hexadecimal) over all that a build sees: the Dockerfile, and what of the context isn't ignored.

    Times and owners play no part: a fresh clone has the same digest. Raises OSError where something can't be read, and
    ValueError for an ignore file that BuildKit refuses.
    """
    seen = sorted((file.path, file.kind, file.digest) for file in seen_files(context, dockerfile))
    return hashlib.sha256(repr(seen).encode(errors="surrogateescape") + dockerfile.read_bytes()).hexdigest()
