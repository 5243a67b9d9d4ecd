"""Run a part of a test as somebody whom file modes bind: root may read and write everything."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

NOBODY = 65534


@contextmanager
def unprivileged() -> Generator[None]:
    """While the context lasts, the process acts as a user without privileges; nothing changes for one who is none."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
