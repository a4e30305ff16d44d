"""The core's work on one program: the fields of every tensor. The one file that runs the core."""

from __future__ import annotations

from rfonnx import _core
from rfonnx.analysis.lower import Program
from rfonnx.errors import ModelError

MOST_FIELDS = 2**26
"""Axes of all inputs times tensors: each has a field, of about 50 bytes at least."""


def propagated(label: str, program: Program) -> _core.Result:
    """What the core makes of a program.

    Raises:
        ModelError: it is too large, or has numbers that the core cannot hold.
    """
    columns = sum(len(shape) for _, shape in program.inputs)
    if columns * (len(program.inputs) + len(program.tensors)) > MOST_FIELDS:
        raise ModelError(
            f"{label}: {len(program.inputs)} inputs of {columns} axes in all and {len(program.tensors)} tensors are"
            f" more than {MOST_FIELDS} fields",
            "bind inputs with values, or cut the model into parts",
        )
    try:
        return _core.run(list(program.inputs), [(t.name, t.shape, t.paths, t.exact) for t in program.tensors])
    except (OverflowError, ValueError) as error:
        raise ModelError(f"{label}: {error}", "bind smaller input shapes, or check the model's attributes") from error
    except MemoryError:
        raise ModelError(f"{label}: its tables do not fit into memory", "bind smaller input shapes") from None
