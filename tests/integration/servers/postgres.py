"""A real PostgreSQL from Debian's packages, and databases in it, each with an owner of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from launcher.failures import ToolUnavailable
from launcher.progress import say
from localregistry import debian
from tests.integration.servers.processes import LOOPBACK, PATIENCE, Process, free_port
from tests.unprivileged import NOBODY

_ADMINISTRATOR: Final = "postgres"
_SETTINGS: Final = {
    "listen_addresses": LOOPBACK,
    "max_connections": "200",
    # What it holds need not outlive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


@dataclass(frozen=True, kw_only=True)
class Database:
    """An empty database, and its owner's login; the owner may do nothing elsewhere."""

    port: int
    name: str
    password: str = field(repr=False)
    host: str = LOOPBACK

    @property
    def user(self) -> str:
        """The owner, called like the database."""
        return self.name

    @property
    def url(self) -> str:
        """The address with the login, as libpq takes it."""
        return f"postgres://{self.user}:{self.password}@{self.host}:{self.port}/{self.name}"


class Postgres:
    """A server that can be stopped and started again, with what it holds."""

    def __init__(self, folder: Path) -> None:
        """Make a cluster in `folder`, which the server's user must own. It doesn't run yet."""
        self.port = free_port()
        self._programs = programs()
        self._folder = folder
        self._password = secrets.token_hex(16)
        self._numbers = count(1)
        self._process: Process | None = None
        password = folder / "password"
        password.touch(mode=0o600)
        password.write_text(self._password)
        _give(password)
        command = [self._programs / "initdb", "--pgdata", folder / "data", "--username", _ADMINISTRATOR, "--no-sync"]
        command += ["--auth=scram-sha-256", "--pwfile", password, "--encoding=UTF8", "--locale=C.UTF-8"]
        made = Process("initdb", command, folder=folder, user=_other_user())
        assert made.ended(within=PATIENCE) == 0, made.tail()

    def start(self) -> None:
        settings = _SETTINGS | {"port": str(self.port), "unix_socket_directories": str(self._folder)}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        self._process = Process(
            "postgres",
            [self._programs / "postgres", "-D", self._folder / "data", *options],
            folder=self._folder,
            user=_other_user(),
            # Fast: SIGTERM would wait for every client to leave.
            stop_signal=signal.SIGINT,
        )
        self._process.until(self._answers, "PostgreSQL takes connections")

    def stop(self) -> None:
        """Break every connection off and end the server."""
        if self._process is not None:
            self._process.stop()

    def database(self, name: str) -> Database:
        """A new database, whose name begins with `name`."""
        made = Database(port=self.port, name=f"{name}_{next(self._numbers)}", password=secrets.token_hex(16))
        self.sql(_ADMINISTRATOR, f"create role {made.user} login password '{made.password}'")
        self.sql(_ADMINISTRATOR, f"create database {made.name} owner {made.user}")
        return made

    def sql(self, database: Database | str, statement: str) -> str:
        """Run one statement as administrator; its rows, one a line, columns separated by |."""
        done = subprocess.run(
            [*self._psql(database), "--command", statement],
            env=self._login(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{statement}: {done.stderr}"
        return done.stdout.strip()

    @contextmanager
    def locked(self, database: Database, table: str, mode: str) -> Generator[None]:
        """Hold a lock on a whole table: https://www.postgresql.org/docs/15/explicit-locking.html#LOCKING-TABLES."""
        with subprocess.Popen(
            self._psql(database), env=self._login(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as session:
            assert session.stdin is not None, "Popen with stdin=PIPE opens a pipe"
            assert session.stdout is not None, "Popen with stdout=PIPE opens a pipe"
            session.stdin.write(f"begin;\nlock table {table} in {mode} mode;\n\\echo locked\n")
            session.stdin.flush()
            assert session.stdout.readline().strip() == "locked", f"{table} could not be locked"
            try:
                yield
            finally:
                session.stdin.close()  # ends the session, and so its transaction

    def _answers(self) -> bool:
        command = [self._programs / "pg_isready", "--quiet", "--host", LOOPBACK, "--port", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def _psql(self, database: Database | str) -> list[str]:
        name = database if isinstance(database, str) else database.name
        command = [str(self._programs / "psql"), "--no-psqlrc", "--quiet", "--no-align", "--tuples-only"]
        command += ["--set=ON_ERROR_STOP=1", f"--host={LOOPBACK}", f"--port={self.port}"]
        return [*command, f"--username={_ADMINISTRATOR}", f"--dbname={name}"]

    def _login(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "PGPASSWORD": self._password}


@contextmanager
def running() -> Generator[Postgres]:
    """Run a server with a fresh cluster, and remove both at the end."""
    # Not pytest's own folder, which root alone may enter: PostgreSQL refuses to run as root.
    with tempfile.TemporaryDirectory(prefix="polyglot-postgres-") as name:
        folder = Path(name)
        _give(folder)
        server = Postgres(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _other_user() -> int | None:
    """Who runs the server where we are root, as it refuses to run as root; else nobody other than we."""
    return NOBODY if os.geteuid() == 0 else None


def _give(path: Path) -> None:
    """Let the server's user have a file or folder."""
    if (user := _other_user()) is not None:
        os.chown(path, user, user)


def programs() -> Path:
    """The folder of PostgreSQL's programs; as root on Debian they are installed where they are missing.

    Raises `ToolUnavailable` where they can't be had.
    """
    if found := _installed():
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ToolUnavailable(
            "PostgreSQL is not installed: install Debian's package postgresql, or put postgres on PATH."
        )
    # The package would make a cluster of its own and start it; that of the tests is all that is wanted.
    configuration = Path("/etc/postgresql-common/createcluster.conf")
    with debian.installing():
        if not configuration.exists():
            configuration.parent.mkdir(exist_ok=True)
            configuration.write_text("create_main_cluster = false\n")
        if _installed() is None:
            say("Installing PostgreSQL from Debian's packages (once) ...")
            debian.install("postgresql")
    if found := _installed():
        return found
    raise ToolUnavailable("Debian's package postgresql is installed, but /usr/lib/postgresql has no programs.")


def _installed() -> Path | None:
    # Debian puts them beside PATH, one folder for each major version.
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    on_path = shutil.which("postgres")
    return None if on_path is None else Path(on_path).resolve().parent
