"""No secret of a build gets into the log, in one piece or line by line."""

from launcher.standin.docker.redaction import Redaction
from launcher.standin.properties import Secret

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nab\n-----END PRIVATE KEY-----\n"


def test_a_secret_is_blotted_out_as_a_whole_and_by_its_lines() -> None:
    redaction = Redaction.of({"secrets": Secret({"key": PEM}), "tags": ["users:1"]})
    assert redaction(f"x {PEM}") == "x [secret]"
    assert redaction("key: MIIEvQIBADANBgkqhkiG9w0BAQ") == "key: [secret]"
    assert redaction("users:1 ab") == "users:1 ab", "two letters of a key would blot out half of any log"


def test_the_longer_of_two_secrets_goes_first() -> None:
    redaction = Redaction.of({"a": Secret("hunter2"), "b": Secret("hunter2-and-more")})
    assert redaction("hunter2-and-more hunter2") == "[secret] [secret]"


def test_without_secrets_nothing_is_touched() -> None:
    assert Redaction.of({"tags": ["x"]})("x (") == "x ("
