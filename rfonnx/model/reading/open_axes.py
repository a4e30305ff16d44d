"""Axes whose lengths the file leaves open: the one error that names them all, and lengths that a model of the kind may run at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from onnx import ModelProto, TypeProto

from rfonnx.errors import ShapeError
from rfonnx.graph.dim_names import PLAIN, batch_word, words_of
from rfonnx.graph.tensors import DTYPES
from rfonnx.graph.text import quote

_PICTURES = {"height", "width", "h", "w", "rows", "columns", "cols", "image", "img", "picture"}
_SOUND = {"samples", "sample", "audio", "wav", "wave", "waveform", "signal", "speech", "sound", "pcm"}
_SEQUENCES = {
    "time",
    "t",
    "seq",
    "sequence",
    "frames",
    "frame",
    "tokens",
    "token",
    "steps",
    "len",
    "length",
    "text",
    "l",
}

PIXELS, VOXELS, SECOND, STEPS = 224, 32, 16_000, 128
"""A picture's side; a volume's side; samples of a second of sound, at 16 kHz; tokens, frames and whatever else."""


def free_axes(model: ModelProto, axes: Collection[tuple[str, int]]) -> None:
    """Leave the lengths of (input, axis) open, in place, and with them all shapes that follow from the inputs'."""
    if not axes:
        return
    for entry in model.graph.input:
        for axis, dim in enumerate(entry.type.tensor_type.shape.dim):
            if (entry.name, axis) in axes:
                dim.dim_param = f"{entry.name}_{axis}"
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]


def example_length(dim: str, input: str, rank: int, integer: bool) -> int:
    """A length for an open axis that is not the batch.

    Args:
        dim: the dimension's name, or "".
        input: the input's name.
        rank: how many axes the input has.
        integer: the input holds whole numbers: tokens, lengths, masks.

    >>> example_length("H", "x", 4, False), example_length("", "audio", 2, False), example_length("seq_len", "ids", 2, True)
    (224, 16000, 128)
    """
    for name in (dim, input):
        words = {word.lower() for word in words_of(name)}
        if words & _SOUND and rank <= 3 and not integer:
            return SECOND
        if words & _SEQUENCES:
            return STEPS
        if words & _PICTURES and rank >= 3:
            return PIXELS
    if integer or rank < 4:
        return STEPS
    return PIXELS if rank == 4 else VOXELS


def unbound(unknown: Mapping[str, Sequence[int]], tensors: Mapping[str, TypeProto.Tensor]) -> ShapeError:
    """All that is missing, by input and axis, and flags that give it."""
    told, flags = [], []
    for name, axes in unknown.items():
        dims = tensors[name].shape.dim
        one = len(axes) == 1
        where = f"axis {axes[0]}" if one else f"axes {', '.join(map(str, axes))}"
        which = ", ".join(dim_text(dims[axis]) for axis in axes)
        lengths = f"the length of {where}, {which}, is" if one else f"the lengths of {where}, {which}, are"
        told.append(f"input {quote(name)} has the shape {declared(tensors[name])}: {lengths} unknown")
        if all(dims[axis].dim_param.isidentifier() for axis in axes):
            flags += [f"{dims[axis].dim_param}={_example(name, tensors[name], axis)}" for axis in axes]
        else:
            flags.append(flag(name, tensors[name]))
    by_symbol = {flag.partition("=")[0]: flag for flag in reversed(flags)}  # inputs that share one: what the first says
    return ShapeError("; ".join(told), "pass " + " ".join(f"--shape {flag}" for flag in reversed(by_symbol.values())))


def _example(name: str, tensor: TypeProto.Tensor, axis: int) -> int:
    """A length for an example: as it is where the file fixes it, 1 for the batch."""
    dim = tensor.shape.dim[axis]
    if dim.dim_value > 0:
        return int(dim.dim_value)
    if axis == 0 or batch_word(dim.dim_param) >= PLAIN:
        return 1
    integer = "int" in DTYPES.get(tensor.elem_type, "") or DTYPES.get(tensor.elem_type) == "bool"
    symbol = dim.dim_param if dim.dim_param.isidentifier() else ""
    return example_length(symbol, name, len(tensor.shape.dim), integer)


def dim_text(dim: TypeProto) -> str:
    """A dimension as the file spells it."""
    if dim.HasField("dim_value"):
        return str(dim.dim_value)
    return quote(dim.dim_param) if dim.dim_param else "?"


def declared(tensor: TypeProto.Tensor) -> str:
    return "x".join(dim_text(d) for d in tensor.shape.dim) or "scalar"


def flag(name: str, tensor: TypeProto.Tensor) -> str:
    """An example of the flag that binds an input."""
    return f"{name}={','.join(str(_example(name, tensor, axis)) for axis in range(len(tensor.shape.dim)))}"
