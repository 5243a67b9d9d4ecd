from pathlib import Path
from typing import Any

import yaml

from launcher import manifests


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def test_a_render_replaces_the_one_before_and_leaves_other_files_alone(tmp_path: Path) -> None:
    manifests.write([namespace("old"), namespace("kept")], tmp_path)
    (tmp_path / "README.md").write_text("by hand")
    (tmp_path / "1-manifest" / "notes.txt").write_text("by hand")

    manifests.write([namespace("kept"), namespace("new")], tmp_path)

    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()) == [
        "1-manifest/notes.txt",
        "1-manifest/v1-namespace-default-kept.yaml",
        "1-manifest/v1-namespace-default-new.yaml",
        "README.md",
    ]


def test_the_stream_holds_every_object_in_the_order_of_the_files() -> None:
    shown = manifests.stream([namespace("b"), namespace("a")])
    assert list(yaml.safe_load_all(shown)) == [namespace("a"), namespace("b")]
