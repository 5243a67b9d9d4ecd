"""The gRPC service that a workload implements, by its name in the contract."""

import re
from typing import Annotated, Final

from pydantic import WithJsonSchema

from components.scalars import matching

_CONTRACT: Final = r"([a-z_][a-z0-9_]*\.)+[A-Za-z_][A-Za-z0-9_]*"
Contract = Annotated[
    str,
    matching(
        re.compile(_CONTRACT),
        "the name of a gRPC service",
        "policies and routes name methods by it, and none of them would fit",
        "write package and service as in the .proto file, e.g. shop.users.v1.UserService",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_CONTRACT}$", "examples": ["shop.users.v1.UserService"]}),
]
