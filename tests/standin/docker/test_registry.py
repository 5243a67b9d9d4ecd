"""What the stand-in asks of a registry, on one of a few lines that demands a login of either kind."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from launcher.standin.docker.build import Login
from launcher.standin.docker.registry import Registries, Unanswered

THERE, GONE = "sha256:" + "1" * 64, "sha256:" + "2" * 64
BASIC = "Basic " + base64.b64encode(b"ci:hunter2").decode()


class _Registry(BaseHTTPRequestHandler):
    challenge, calls = "", [""]

    def _answer(self) -> None:
        self.calls.append(f"{self.command} {self.path}")
        if self.path.startswith("/token"):
            self._token()
        elif self.headers.get("Authorization") != ("Bearer t-1" if "Bearer" in self.challenge else BASIC):
            self._send(401, {"WWW-Authenticate": self.challenge.replace("HOST", self.headers["Host"])})
        elif self.command == "DELETE":
            self._send(202 if THERE in self.path else 405)
        else:
            self._send(200 if THERE in self.path else 404)

    def _token(self) -> None:
        known = self.headers.get("Authorization") == BASIC
        self._send(200 if known else 401, body=b'{"token": "t-1"}' if known else b"")

    def _send(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for key, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_DELETE = _answer  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Nothing: a test's own assertion says more."""


@contextmanager
def registry(challenge: str) -> Iterator[tuple[str, list[str]]]:
    """An address, and the calls that arrive there."""
    calls: list[str] = []
    handler = type("Handler", (_Registry,), {"challenge": challenge, "calls": calls})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", calls
        server.shutdown()


CHALLENGES = [
    'Basic realm="registry"',
    'Bearer realm="http://HOST/token",service="registry",scope="repository:shop/users:pull"',
]


@pytest.fixture(autouse=True)
def no_own_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("challenge", CHALLENGES, ids=["password", "token"])
def test_an_image_is_there_or_gone(challenge: str) -> None:
    with registry(challenge) as (address, _):
        registries = Registries([Login(address, "ci", "hunter2")])
        assert registries.has(f"{address}/shop/users:1", THERE)
        assert not registries.has(f"{address}/shop/users:1", GONE)


@pytest.mark.parametrize("challenge", CHALLENGES, ids=["password", "token"])
def test_a_refused_login_is_not_taken_for_an_image_that_is_gone(challenge: str) -> None:
    with registry(challenge) as (address, _), pytest.raises(Unanswered, match="401"):
        Registries([Login(address, "ci", "wrong")]).has(f"{address}/shop/users:1", THERE)


def test_a_registry_that_does_not_answer_is_not_taken_for_an_image_that_is_gone() -> None:
    with registry(CHALLENGES[0]) as (address, _):
        pass
    with pytest.raises(Unanswered, match="doesn't answer"):
        Registries([]).has(f"{address}/shop/users:1", THERE)


def test_to_delete_an_image_its_own_right_is_asked_for() -> None:
    with registry(CHALLENGES[1]) as (address, calls):
        registries = Registries([Login(address, "ci", "hunter2")])
        registries.forget(f"{address}/shop/users:1", THERE)
        assert [call for call in calls if call.startswith("GET /token") and "delete" in call]
        assert calls[-1] == f"DELETE /v2/shop/users/manifests/{THERE}"
        with pytest.raises(Unanswered, match="405"):
            registries.forget(f"{address}/shop/users:1", GONE)


def test_without_a_login_of_the_program_the_users_own_is_used(no_own_login: Path) -> None:
    with registry(CHALLENGES[0]) as (address, _):
        auth = BASIC.removeprefix("Basic ")
        (no_own_login / "config.json").write_text(f'{{"auths": {{"{address}": {{"auth": "{auth}"}}}}}}')
        assert Registries([]).has(f"{address}/shop/users:1", THERE)
