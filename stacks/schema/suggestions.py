"""The end of a fix that names what was probably meant."""

from difflib import get_close_matches


def suggestion(name: str, known: list[str]) -> str:
    """Return the nearest known name as a question, or all known names."""
    near = get_close_matches(name, known, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"there are {', '.join(known)}" if known else "there are none yet"
