"""Every third-party version, pinned once: one line a version."""

from typing import Final

KUBERNETES: Final = "1.34"
"""The release whose schemas every object is checked against."""

STORE_IMAGES: Final[dict[str, dict[int, str]]] = {
    "postgres": {
        16: "docker.io/library/postgres:16.10",
        17: "docker.io/library/postgres:17.6",
    },
    "redis": {
        8: "docker.io/library/redis:8.2.1",
    },
}
"""Engine → major version → image."""
NATS_IMAGE: Final = "docker.io/library/nats:2.12.0"
