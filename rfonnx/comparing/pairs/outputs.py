"""The pairs of outputs that are measured: which, what part of them, and as what they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rfonnx.comparing.pairs.matching import Pair, Port, asked_pair, match
from rfonnx.comparing.pairs.picks import Pick, split
from rfonnx.comparing.pairs.running_model import OpenModel
from rfonnx.errors import QueryError


@dataclass(frozen=True, slots=True)
class Measured:
    """One pair of outputs, or of parts of them.

    Attributes:
        names: the teacher's and the student's, with the part in brackets: they stand in reports, and in options.
        ports: the outputs.
        picks: the part of each, or None for all of it.
        by_order: the names differ, and nobody said that they belong together.
    """

    names: tuple[str, str]
    ports: Pair
    picks: tuple[Pick | None, Pick | None] = (None, None)
    by_order: bool = False

    def parts(self, models: tuple[OpenModel, OpenModel], made: tuple[np.ndarray, np.ndarray]) -> list[np.ndarray]:
        """What is measured of what both models gave, samples along axis 0.

        Raises:
            ShapeError: there is no such part.
        """
        if self.picks == (None, None):
            return list(made)
        found = []
        for model, port, pick, rows in zip(models, self.ports, self.picks, made, strict=True):
            axis = model.axes.outputs.get(port.name, 0)
            alone = bool(port.shape) and rows.ndim > len(port.shape)
            found.append(rows if pick is None else pick(rows, port.name, None if alone else axis))
        return found


def measured_pairs(teacher: Sequence[Port], student: Sequence[Port], wanted: Mapping[str, str]) -> list[Measured]:
    """The pairs, in the teacher's order, or as asked for.

    Args:
        wanted: the user's pairs, the teacher's output first, each perhaps with a part; when there are any, only these.

    Raises:
        QueryError: there is no such output, no such part, or no pairing that leaves nothing over.
    """
    if not wanted:
        pairs = match("output", teacher, student, {}, check=True)
        return [Measured((a.name, b.name), (a, b), by_order=a.name != b.name) for a, b in pairs]
    mine, theirs = {port.name: port for port in teacher}, {port.name: port for port in student}
    found = []
    for one, other in wanted.items():
        (name, pick), (partner, part) = split(one, mine, "--map"), split(other, theirs, "--map")
        ports = asked_pair("output", mine, theirs, (name, partner), check=not (pick or part))
        shown = (f"{name}{pick.text if pick else ''}", f"{partner}{part.text if part else ''}")
        found.append(Measured(shown, ports, (pick, part)))
    order = {port.name: index for index, port in enumerate(teacher)}
    return sorted(found, key=lambda one: order[one.ports[0].name])


def check_outputs(what: str, said: Mapping[str, object], pairs: Sequence[Measured]) -> None:
    """What is said of outputs is said of some that are compared.

    Raises:
        QueryError: it is not.
    """
    names = [pair.names[0] for pair in pairs]
    for name in said:
        if name not in names:
            compared = ", ".join(f"'{known}'" for known in names)
            raise QueryError(f"{what} is given for output '{name}', which is not compared", f"compared are {compared}")
