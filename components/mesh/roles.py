"""The role table: which role may send which requests at the edge. Data and questions about it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from components.faults import fault
from components.specs.base import Finding
from components.specs.mesh.edge import GUEST

ONE: Final = "*"
"""One segment of a path, whatever it is."""
REST: Final = "**"
"""At the end of a path: one more segment at least, and all that follow."""
_NOT_IN_PATHS: Final = "?#{}"


@dataclass(frozen=True)
class PathPattern:
    """Paths: ``/a/*/b`` has any one segment in its middle, and ``/a/**`` is all below ``/a``, without ``/a`` itself."""

    segments: tuple[str, ...]
    """Of the path, without REST."""
    is_open: bool = False
    """Whether all paths below are meant."""

    @classmethod
    def parse(cls, text: str) -> "PathPattern":
        """Read a pattern as the role table writes it."""
        *segments, last = text.split("/")[1:]
        return cls(tuple(segments), is_open=True) if last == REST else cls((*segments, last))

    def __str__(self) -> str:
        return "/" + "/".join((*self.segments, REST) if self.is_open else self.segments)

    def covers(self, other: "PathPattern") -> bool:
        """Whether each path of the other is one of this pattern's."""
        longer = len(other.segments) - len(self.segments)
        if longer < 0 or (other.is_open and not self.is_open) or (longer > 0 and not self.is_open):
            return False
        if self.is_open and longer == 0 and not other.is_open:
            return False
        pairs = zip(self.segments, other.segments, strict=False)
        # An empty segment is one of two slashes in a row, or of a slash at the end.
        return all(mine == its or (mine == ONE and its != "") for mine, its in pairs)

    def below(self, prefix: str) -> "tuple[PathPattern, ...]":
        """Return the paths of this pattern that are ``prefix`` or lie below it."""
        wanted = tuple(part for part in prefix.split("/") if part)
        for position, part in enumerate(wanted):
            if position >= len(self.segments):
                # The prefix, and all below it, lies within what is open here.
                return (PathPattern(wanted), PathPattern(wanted, is_open=True)) if self.is_open else ()
            if self.segments[position] not in (part, ONE):
                return ()
        return (PathPattern((*wanted, *self.segments[len(wanted) :]), self.is_open),)

    def istio(self) -> str:
        """Return the pattern as an AuthorizationPolicy writes it: exactly, as a prefix, or as a template.

        https://istio.io/latest/docs/reference/config/security/authorization-policy/#Operation
        """
        if ONE not in self.segments:
            return "/" + "/".join((*self.segments, "*") if self.is_open else self.segments)
        segments = ["{*}" if part == ONE else part for part in self.segments]
        return "/" + "/".join((*segments, "{**}") if self.is_open else segments)


@dataclass(frozen=True)
class RoleAccess:
    """One rule of the table, read."""

    role: str
    methods: frozenset[str]
    """Empty for all of them."""
    path: PathPattern

    def covers(self, other: "RoleAccess") -> bool:
        """Whether each request that the other allows is allowed by this one, whoever sends it."""
        methods = not self.methods or (bool(other.methods) and other.methods <= self.methods)
        return methods and self.path.covers(other.path)


def role_access(role: str, text: str) -> RoleAccess:
    """Read one rule, which has the form of a `RoleRule`."""
    methods, _, path = text.rpartition(" ")
    named = frozenset(method.strip() for method in methods.split(","))
    return RoleAccess(role, frozenset() if named == {"*"} else named, PathPattern.parse(path))


def role_rules(roles: Mapping[str, Sequence[str]]) -> tuple[RoleAccess, ...]:
    """Read the whole table, in its order."""
    return tuple(role_access(role, text) for role, texts in roles.items() for text in texts)


def role_findings(roles: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Yield what is wrong with a table, at (role,) or (role, position): rules that do nothing, roles without any."""
    guests = [role_access(GUEST, text) for text in roles.get(GUEST, ()) if _path_problem(text) is None]
    for role, texts in roles.items():
        yield from _role_findings(role, texts)
        read: dict[int, RoleAccess] = {}
        for position, text in enumerate(texts):
            if problem := _path_problem(text):
                yield (
                    (role, position),
                    fault(f"has a path that {problem}", consequence="no request would ever fit it", fix=_PATH_FIX),
                )
            else:
                read[position] = role_access(role, text)
        for position, access in read.items():
            yield from _pointless(position, access, read, [] if role == GUEST else guests)


_PATH_FIX: Final = "write whole segments, '*' for any one, and '**' only at the end: /api/users/*/orders, /api/admin/**"


def _role_findings(role: str, texts: Sequence[str]) -> Iterator[Finding]:
    if "*" in role or not role.strip():
        yield (
            (role,),
            fault(
                "is not the name of a role",
                consequence="in a policy '*' stands for any text, so other roles would get these rights",
                fix="write the role as it stands in the token",
            ),
        )
    if not texts:
        yield (
            (role,),
            fault(
                "has no rules",
                consequence="whoever has this role alone may send nothing",
                fix="add a rule, or delete the role",
            ),
        )


def _pointless(
    position: int, access: RoleAccess, own: Mapping[int, RoleAccess], guests: Sequence[RoleAccess]
) -> Iterator[Finding]:
    """Yield the reason why a rule changes nothing; of two that say the same, the second is at fault."""
    for guest in guests:
        if guest.covers(access):
            yield _shadowed(position, access, f"guests may do it already, by {_text(guest)}")
            return
    for other, wider in own.items():
        if other != position and wider.covers(access) and (other < position or not access.covers(wider)):
            yield _shadowed(position, access, f"the role may do it already, by {_text(wider)}")
            return


def _shadowed(position: int, access: RoleAccess, why: str) -> Finding:
    return (
        (access.role, position),
        fault(
            f"changes nothing: {why}",
            consequence="whoever reads or deletes it believes in a limit that isn't there",
            fix="delete it, or narrow the other rule",
        ),
    )


def _text(access: RoleAccess) -> str:
    return f"'{', '.join(sorted(access.methods)) or '*'} {access.path}'"


def _path_problem(text: str) -> str | None:
    path = text.rpartition(" ")[2]
    segments = path.split("/")[1:]
    if any(character in path for character in _NOT_IN_PATHS):
        return f"has one of {' '.join(_NOT_IN_PATHS)} in it"
    if REST in segments[:-1]:
        return "goes on after '**'"
    if any("*" in part and part not in (ONE, REST) for part in segments):
        return "has '*' within a segment"
    # The gateway takes such parts out before any rule sees the path.
    if any(part in (".", "..") for part in segments) or "" in segments[:-1]:
        return "has '//', '.' or '..' in it"
    return None
