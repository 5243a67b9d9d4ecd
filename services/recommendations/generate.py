"""Generates the Python code of this service's contract from the shared proto tree: `python generate.py`.

The code lands in shop/ beside this file, where `python -m recommendations` and the tests find it. It is not committed:
the image's build and `make services-test` make it afresh, with the generator pinned in requirements-build.txt.
"""

import shutil
import sys
from pathlib import Path
from typing import Final

from grpc_tools import protoc

HERE: Final = Path(__file__).resolve().parent
CONTRACT: Final = "shop/recommendations/v1/recommendations.proto"


def generate(protos: Path, into: Path) -> int:
    """Replace the folder shop/ in `into` by code generated from the tree `protos`; return protoc's exit code."""
    shutil.rmtree(into / "shop", ignore_errors=True)
    return protoc.main(
        ["protoc", f"-I{protos}", f"--python_out={into}", f"--pyi_out={into}", f"--grpc_python_out={into}", CONTRACT]
    )


if __name__ == "__main__":
    sys.exit(generate(protos=HERE.parent / "proto", into=HERE))
