"""What real runtimes print when a program fails is one entry: the JVM, Go, CPython."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

from launcher.golang import go_binary
from tests.integration.logs.agents import Node
from tests.integration.logs.entries import found
from tests.integration.servers.loki import Loki

JAVA: Final = """
class Crash {
    public static void main(String[] arguments) {
        try { read(null); }
        catch (NullPointerException cause) { throw new IllegalStateException("no configuration", cause); }
    }
    static int read(String text) { return text.length(); }
}
"""
GO: Final = """package main

import "time"

func main() {
	go func() { var table map[string]int; table["a"] = 1 }()
	time.Sleep(time.Minute)
}
"""
PYTHON: Final = """
def read(table):
    return table["size"]

try:
    read({})
except KeyError as error:
    raise RuntimeError("no configuration") from error
"""
PROGRAMS: Final[dict[str, tuple[str, str, Callable[[], Sequence[str | Path]], str]]] = {
    "Java": ("Crash.java", JAVA, lambda: ["java"], "Caused by: java.lang.NullPointerException"),
    "Go": ("crash.go", GO, lambda: [go_binary((1, 24)), "run"], "panic: assignment to entry in nil map"),
    "Python": ("crash.py", PYTHON, lambda: [sys.executable], "RuntimeError: no configuration"),
}
"""Language → file, text, how it is run, and what is in its last words."""


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_last_words_of_a_program_are_one_entry(
    node: Node, loki: Loki, name: str, tmp_path: Path, language: str
) -> None:
    file, text, command, said = PROGRAMS[language]
    (tmp_path / file).write_text(text)
    done = subprocess.run([*command(), file], cwd=tmp_path, capture_output=True, text=True, check=False)
    # Of `go run` itself.
    words = done.stderr.removesuffix("exit status 2\n").rstrip("\n")
    assert said in words and len(words.splitlines()) > 3, words
    node.container(name).write(words, stream="stderr")
    (entry,) = found(loki, f'{{service_name="{name}"}}')
    assert entry.line == words
    assert entry.labels["severity_text"] == "error"
