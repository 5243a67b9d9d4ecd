"""The rendered folder: the official provider's file names, and YAML that every reader reads alike."""

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from launcher.standin.kubernetes.layout import document, file_of
from tests.standin.manifests import deployment, plain


@pytest.mark.parametrize(
    ("manifest", "file"),
    [
        (deployment(), "1-manifest/apps_v1-deployment-shop-users.yaml"),
        (plain("Namespace", "shop", namespace=None), "1-manifest/v1-namespace-default-shop.yaml"),
        (plain("ConfigMap", "env"), "1-manifest/v1-configmap-shop-env.yaml"),
        (
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": "gateways.networking.istio.io"},
            },
            "0-crd/apiextensions.k8s.io_v1-customresourcedefinition-default-gateways.networking.istio.io.yaml",
        ),
    ],
)
def test_a_file_is_named_as_the_official_provider_names_it(manifest: dict[str, Any], file: str) -> None:
    assert str(file_of(manifest)) == file


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "nul\0"])
def test_a_name_that_leads_out_of_the_folder_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="can't be written"):
        file_of(plain("ConfigMap", name))


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
@example({"text": "two\nlines\n"})
@example({"text": " leading\nand trailing \n\n"})
@example({"text": "\ttab\nafter"})
@example({"text": "\n"})
def test_what_is_written_reads_back_the_same(manifest: dict[str, Any]) -> None:
    assert yaml.safe_load(document(manifest)) == manifest


@pytest.mark.parametrize(
    "text",
    ["1e3", "12e5", "08", "0o17", "0x1f", "1_000", "y", "N", "yes", "off", "null", "~", "1.5", ".5", "1:30", "-1", ""],
)
def test_text_that_a_reader_might_take_for_another_type_has_quotes(text: str) -> None:
    """PyYAML reads YAML 1.1, kubectl's reader both 1.1 and 1.2: a commit hash like 12e5 must stay text for both."""
    line = document({"key": text})
    assert line in (f"key: '{text}'\n", f'key: "{text}"\n'), f"{line!r} is no text to some reader"


@pytest.mark.parametrize("text", ["users:1", "100m", "512Mi", "10.0.0.1", "1.2.3", "RollingUpdate", "25%"])
def test_ordinary_text_has_no_quotes(text: str) -> None:
    assert document({"key": text}) == f"key: {text}\n"


def test_text_of_several_lines_is_a_block() -> None:
    assert document({"config.yaml": "a: 1\nb: 2\n"}) == "config.yaml: |\n  a: 1\n  b: 2\n"


def test_keys_are_sorted_and_shared_parts_written_out() -> None:
    labels = {"b": "2", "a": "1"}
    assert document({"two": labels, "one": labels}) == "one:\n  a: '1'\n  b: '2'\ntwo:\n  a: '1'\n  b: '2'\n", (
        "equal manifests must give equal files, and no reader of them should need to know anchors"
    )


def test_long_text_stays_on_one_line() -> None:
    assert document({"key": "word " * 100 + "end"}).count("\n") == 1, "a folded line makes diffs hard to read"
