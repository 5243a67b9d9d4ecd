"""How a validator says what is wrong: the message, what would follow from it, and what to do about it."""

from typing import Final

from pydantic_core import PydanticCustomError

FAULT: Final = "fault"
"""The kind under which pydantic reports a fault."""


def fault(message: str, *, consequence: str, fix: str) -> PydanticCustomError:
    """Return the error that a validator raises when a value can't be accepted.

    The message continues the name of the value ("is not a quantity of memory") and need not repeat the value, which is
    shown beside it.
    """
    return PydanticCustomError(FAULT, "{message}", {"message": message, "consequence": consequence, "fix": fix})
