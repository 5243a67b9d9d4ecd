"""Lines as buildx v0.30.1 prints them with `--progress=rawjson`, from dockerd 20.10."""

import base64
import json


def vertex(name: str, *, error: str = "", cached: bool = False, digest: str = "") -> str:
    """A step that has ended."""
    step = {
        "digest": digest or f"sha256:{abs(hash(name)):x}",
        "name": name,
        "started": "2026-11-21T15:38:39.041510343Z",
        "completed": "2026-11-21T15:38:39.284980338Z",
    }
    return json.dumps({"vertexes": [step | ({"error": error} if error else {}) | ({"cached": True} if cached else {})]})


def output(text: str) -> str:
    """What a program in a step has printed."""
    return json.dumps({"logs": [{"vertex": "sha256:1", "stream": 1, "data": base64.b64encode(text.encode()).decode()}]})


def failed(error: str) -> str:
    """The last line."""
    return f"ERROR: failed to build: {error}"
