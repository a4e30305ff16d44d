"""Which output (or input) of the student answers which of the teacher: by name, then by order and shape, or as the user says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rfonnx.errors import QueryError

T = TypeVar("T")

FLAGS = {"input": "--map-input", "output": "--map"}
"""Options that pair what does not pair by itself."""

Dims = tuple[int | str | None, ...]


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output as onnxruntime declares it.

    Attributes:
        type: "tensor(float)", "seq(tensor(float))", "map(int64,tensor(float))", ...
        shape: symbolic dimensions are strings or None.
    """

    name: str
    type: str
    shape: Dims

    def __str__(self) -> str:
        return f"'{self.name}' {self.type} [{', '.join('?' if d is None else str(d) for d in self.shape)}]"


Pair = tuple[Port, Port]


def match(
    what: str, teacher: Sequence[Port], student: Sequence[Port], wanted: Mapping[str, str], check: bool
) -> list[Pair]:
    """Pairs in the teacher's order, that leave nothing over.

    Args:
        what: "output" or "input", for messages.
        wanted: the user's pairs by teacher name.
        check: whether paired shapes must be able to agree (inputs may differ: samples are prepared for each model).

    Raises:
        QueryError: there is no such pairing; the message lists both sides.
    """
    mine, theirs = {port.name: port for port in teacher}, {port.name: port for port in student}
    asked = [asked_pair(what, mine, theirs, names, check) for names in wanted.items()]
    rest = [port for port in teacher if port.name not in wanted]
    free = [port for port in student if port.name not in set(wanted.values())]
    found = _by_name(rest, free) + _by_order(rest, free, check)
    pairs = [*asked, *found]
    paired = {id(port) for pair in pairs for port in pair}
    if any(id(port) not in paired for port in (*teacher, *student)):
        raise QueryError(
            f"the {what}s do not match: the teacher has {_listed(teacher)}, the student {_listed(student)}",
            f"pair them with {FLAGS[what]} TEACHER=STUDENT",
        )
    for pair in found:
        _check_pair(what, pair, shapes=check)
    order = {port.name: index for index, port in enumerate(teacher)}
    return sorted(pairs, key=lambda pair: order[pair[0].name])


def asked_pair(
    what: str, teacher: Mapping[str, Port], student: Mapping[str, Port], names: tuple[str, str], check: bool
) -> Pair:
    """The two ports of these names; see `match`.

    Raises:
        QueryError: a model has no such port, or they cannot be compared.
    """
    for side, ports, asked in (("teacher", teacher, names[0]), ("student", student, names[1])):
        if asked not in ports:
            raise QueryError(
                f"{FLAGS[what]} {names[0]}={names[1]}: the {side} has no {what} '{asked}'",
                f"it has {_listed(ports.values())}",
            )
    pair = (teacher[names[0]], student[names[1]])
    _check_pair(what, pair, shapes=check)
    return pair


def _by_name(teacher: Sequence[Port], student: Sequence[Port]) -> list[Pair]:
    theirs = {port.name: port for port in student}
    return [(port, theirs[port.name]) for port in teacher if port.name in theirs]


def _by_order(teacher: Sequence[Port], student: Sequence[Port], check: bool) -> list[Pair]:
    """What has no namesake, in order, where every pair can agree."""
    names = {port.name for port in teacher} & {port.name for port in student}
    left = [port for port in teacher if port.name not in names]
    right = [port for port in student if port.name not in names]
    if len(left) != len(right):
        return []
    pairs = list(zip(left, right, strict=True))
    return pairs if not check or all(may_agree(a.shape, b.shape) for a, b in pairs) else []


def may_agree(one: Dims, other: Dims) -> bool:
    """True when shapes could be equal at run time: the same rank, and no two different fixed lengths behind the batch
    axis.

    A shape without axes is one that was not declared. Axes of length 1 at the end do not count: a pool leaves (n, 10, 1, 1).
    """
    if not one or not other:
        return True
    one, other = without_ends(one), without_ends(other)
    fixed = [(a, b) for a, b in zip(one[1:], other[1:], strict=False) if isinstance(a, int) and isinstance(b, int)]
    return len(one) == len(other) and all(a == b for a, b in fixed)


def without_ends(shape: tuple[T, ...]) -> tuple[T, ...]:
    """The shape without axes of length 1 behind the second one."""
    while len(shape) > 2 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _check_pair(what: str, pair: Pair, shapes: bool) -> None:
    """Outputs are tensors of numbers, and may agree in shape."""
    if what == "input":
        return
    for side, port in zip(("teacher", "student"), pair, strict=True):
        if not port.type.startswith("tensor(") or port.type == "tensor(string)":
            raise QueryError(
                f"{what} {port} of the {side} is no tensor of numbers, which alone can be compared",
                f"leave it out: name the {what}s to compare with {FLAGS[what]} TEACHER=STUDENT",
            )
    if shapes and not may_agree(pair[0].shape, pair[1].shape):
        raise QueryError(
            f"{what} {pair[0]} of the teacher and {pair[1]} of the student cannot be compared: they differ in shape",
            f"the models do different things, or other {what}s belong together: say which with {FLAGS[what]} TEACHER=STUDENT",
        )


def _listed(ports: Iterable[Port]) -> str:
    return ", ".join(map(str, ports)) or "none"
