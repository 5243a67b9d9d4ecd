"""How a call of the provider protocol fails."""

from typing import NoReturn

import grpc


def abort(context: grpc.ServicerContext, message: str, code: grpc.StatusCode = grpc.StatusCode.UNKNOWN) -> NoReturn:
    """Fails the call: nothing was done."""
    context.abort(code, message)
    raise AssertionError("abort doesn't return")
