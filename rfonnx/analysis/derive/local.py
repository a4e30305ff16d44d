"""A program without what takes a whole axis into each position: what is left sees by windows alone.

A gate over everything (squeeze-and-excitation) or attention makes every field behind it as large as the input. Windows go on
beside it all the same, and what they add shows when its branch reads nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rfonnx.analysis.lower import Program, Tensor
from rfonnx.graph.temporaries import is_temporary
from rfonnx.operators.families import family

SLIDING = ("convolution", "resampling")
"""Families of operators of windows, also where the input is so small that one window holds all of it."""


def without(program: Program, taken: Collection[str]) -> Program:
    """The program in which tensors that take a whole axis together read nothing; itself where there are none.

    A normalisation over positions is no branch: what it normalises stays in its place, and is read there.

    Args:
        taken: the names of these tensors, as in `Analysis.globals`; convolutions are left as they are.
    """
    names = _left_out(program, taken)
    if not names:
        return program
    inputs = len(program.inputs)
    made = [
        tensor._replace(paths=tuple((source, ()) for source in _in_place(program, inputs + number)), exact=True)
        if tensor.name in names
        else tensor
        for number, tensor in enumerate(program.tensors)
    ]
    return program._replace(tensors=tuple(made))


def tail(program: Program, taken: Collection[str]) -> frozenset[int] | None:
    """The sources that see nothing in the program `without` what is taken, where all others see what they saw.

    So it is where a net ends with a pooling over everything, and what reads that reads nothing else.

    Returns:
        None where what is taken meets something that is not, or leaves it in its place.
    """
    names = _left_out(program, taken)
    gone: set[int] = set()
    for number, tensor in enumerate(program.tensors, len(program.inputs)) if names else ():
        behind = [source in gone for source, _ in tensor.paths]
        if tensor.name in names:
            if family(tensor.kind) == "normalisation":
                return None
        elif not any(behind):
            continue
        elif not all(behind):
            return None
        gone.add(number)
    return frozenset(gone)


def _left_out(program: Program, taken: Collection[str]) -> set[str]:
    return {one.name for one in program.tensors if one.name in taken and family(one.kind) not in SLIDING}


def _in_place(program: Program, source: int) -> Iterator[int]:
    """What a normalisation normalises: the operands of its shape; nothing for any other operator."""
    tensor = tensor_of(program, source)
    if tensor is not None and family(tensor.kind) == "normalisation":
        shapes = [shape for _, shape in program.inputs] + [one.shape for one in program.tensors]
        yield from (one for one in operands(program, source) if shapes[one] == tensor.shape)


def operands(program: Program, source: int) -> list[int]:
    """The sources that the operator of a tensor reads, those of its own temporaries in their place; each once."""
    made = tensor_of(program, source)
    if made is not None and len(made.paths) == 1:  # most layers
        read = made.paths[0][0]
        before = tensor_of(program, read)
        if before is None or not is_temporary(before.name):
            return [read]
    found: dict[int, None] = {}
    pending = [source]
    while pending:
        for read, _ in (tensor_of(program, pending.pop()) or _NOTHING).paths:
            before = tensor_of(program, read)
            if before is not None and is_temporary(before.name):
                pending.append(read)
            else:
                found[read] = None
    return list(found)


def tensor_of(program: Program, source: int) -> Tensor | None:
    """The tensor behind the number of a source; None: it is an input."""
    return None if source < len(program.inputs) else program.tensors[source - len(program.inputs)]


_NOTHING = Tensor("", (), (), True, "", "", "", 0)
