"""Bind the dynamic dimensions of a model's inputs to the lengths that the user gives, by input or by symbolic name."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence

from onnx import TypeProto, ValueInfoProto

from rfonnx.errors import ShapeError
from rfonnx.graph.dim_names import PLAIN, batch_word
from rfonnx.graph.tensors import MAX_DIM, check_size
from rfonnx.graph.text import check_text, did_you_mean, quote, show_shape
from rfonnx.model.reading.open_axes import declared, dim_text, flag, unbound

Shapes = Mapping[str, Sequence[int] | int]
_ANONYMOUS = {"", "?", "None", "-1"}
_MAX_EXPRESSION = 200
_OPERATORS: dict[type, Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Div: operator.floordiv,  # PyTorch writes exact divisions with one slash
    ast.Mod: operator.mod,
}


class Binding:
    """The lengths that dimensions were bound to.

    Attributes:
        shapes: by input name; every length is known.
        symbols: lengths by symbolic dimension name.
        warnings: what was assumed.
    """

    def __init__(self) -> None:
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.symbols: dict[str, int] = {}
        self.warnings: list[str] = []


def bind(inputs: Sequence[ValueInfoProto], shapes: Shapes | None) -> Binding:
    """Bind every dimension of every tensor input.

    Args:
        inputs: the model's true inputs (initializers excluded).
        shapes: a shape by input name, or a length by symbolic dimension name.

    Raises:
        ShapeError: a dimension stays unbound (the first one of an input becomes 1, and one that is named
            like a batch), a given shape contradicts
            the file or another one, or a key names neither an input nor a dimension.
    """
    given = dict(shapes or {})
    tensors = {i.name: held for i in inputs if (held := tensor_of(i.type)) is not None}
    for name, tensor in tensors.items():
        check_text([d.dim_param for d in tensor.shape.dim], f"input {quote(name)}")
    symbols = _symbols(inputs)
    _check_keys(given, {i.name for i in inputs}, symbols)
    binding = Binding()
    for name, value in given.items():
        if name not in tensors:
            length = value if isinstance(value, int) else _single(name, value)
            _check_length(f"dimension {quote(name)}", length)
            binding.symbols[name] = length
    # Given shapes come first: they bind the symbols that other inputs share.
    for name, tensor in tensors.items():
        if name in given:
            _bind_given(name, tensor, given[name], binding)
    left_open = {
        name: axes
        for name, tensor in tensors.items()
        if name not in given and (axes := _bind_by_symbols(name, tensor, binding))
    }
    if left_open:
        raise unbound(left_open, tensors)
    for name, shape in binding.shapes.items():
        check_size(name, shape, "input")
    return binding


def fitting(inputs: Sequence[ValueInfoProto], shapes: Shapes) -> Shapes:
    """The shapes whose names are an input's or a symbolic dimension's: of those that many models are given together."""
    known = {one.name for one in inputs} | _symbols(inputs)
    return {name: given for name, given in shapes.items() if name in known}


def _symbols(inputs: Sequence[ValueInfoProto]) -> set[str]:
    held = [tensor for one in inputs if (tensor := tensor_of(one.type)) is not None]
    return {dim.dim_param for tensor in held for dim in tensor.shape.dim if dim.dim_param}


def tensor_of(proto: TypeProto) -> TypeProto.Tensor | None:
    """The tensor that an input holds, also one that is optional; None of sequences and the like."""
    held = proto.optional_type.elem_type if proto.HasField("optional_type") else proto
    return held.tensor_type if held.HasField("tensor_type") else None


def write_lengths(inputs: Iterable[ValueInfoProto], shapes: Mapping[str, Sequence[int]]) -> None:
    """Make lengths the inputs' own, by name, in place; inputs that are not named stay as they are."""
    for entry in inputs:
        if entry.name in shapes:
            held = tensor_of(entry.type)
            dims = (entry.type.tensor_type if held is None else held).shape
            dims.ClearField("dim")
            for length in shapes[entry.name]:
                dims.dim.add(dim_value=length)


def _check_keys(given: Shapes, names: set[str], symbols: set[str]) -> None:
    for key in given:
        if key not in names and key not in symbols:
            known = ", ".join(quote(n) for n in sorted(names)[:8])
            dims = ", ".join(quote(s) for s in sorted(symbols)[:8])
            raise ShapeError(
                f"a shape was given for {quote(key)}, which is neither an input ({known})"
                f" nor a symbolic dimension ({dims or 'the model has none'})",
                did_you_mean(key, [*names, *symbols]) or "check the name",
            )


def _single(name: str, value: Sequence[int]) -> int:
    if len(value) != 1:
        raise ShapeError(
            f"dimension {quote(name)} was given as {show_shape(tuple(value))}, expected one length",
            f"pass --shape {name}=512",
        )
    return int(value[0])


def _check_length(what: str, length: int) -> None:
    if not 0 <= length <= MAX_DIM:
        raise ShapeError(f"{what} was given the length {length}, expected 0 to 2^40", "give the true length")


def _bind_given(name: str, tensor: TypeProto.Tensor, value: Sequence[int] | int, binding: Binding) -> None:
    shape = (value,) if isinstance(value, int) else tuple(int(v) for v in value)
    for axis, length in enumerate(shape):
        _check_length(f"axis {axis} of input {quote(name)}", length)
    if tensor.HasField("shape"):
        dims = tensor.shape.dim
        if len(dims) != len(shape):
            raise ShapeError(
                f"input {quote(name)} was given the shape {show_shape(shape)} of {len(shape)} axes,"
                f" but the file says {declared(tensor)} ({len(dims)} axes)",
                f"pass --shape {flag(name, tensor)}",
            )
        for axis, (dim, length) in enumerate(zip(dims, shape, strict=True)):
            if dim.dim_value > 0 and dim.dim_value != length:
                raise ShapeError(
                    f"axis {axis} of input {quote(name)} was given the length {length}, but the file fixes it at {dim.dim_value}",
                    "export the model with a dynamic axis to change it",
                )
            symbol = dim.dim_param
            if symbol not in _ANONYMOUS and binding.symbols.setdefault(symbol, length) != length:
                raise ShapeError(
                    f"axis {axis} of input {quote(name)} was given the length {length},"
                    f" but its dimension {quote(symbol)} is {binding.symbols[symbol]} elsewhere",
                    "give lengths that agree",
                )
    binding.shapes[name] = shape


def _bind_by_symbols(name: str, tensor: TypeProto.Tensor, binding: Binding) -> list[int]:
    """Bind the shape of an input by what the file and the symbols say; the axes of which nothing tells the length."""
    if not tensor.HasField("shape"):
        raise ShapeError(f"the file gives no shape for input {quote(name)}", f"pass --shape {name}=1,3,224,224")
    shape: list[int] = []
    unknown: list[int] = []
    for axis, dim in enumerate(tensor.shape.dim):
        fixed = dim.HasField("dim_value") and dim.dim_value >= 0
        length = dim.dim_value if fixed else evaluate_dim(dim.dim_param, binding.symbols)
        if length is None:
            if axis > 0 and batch_word(dim.dim_param) < PLAIN:
                unknown.append(axis)
                continue
            length = 1
            if dim.dim_param not in _ANONYMOUS:
                binding.symbols.setdefault(dim.dim_param, 1)
            which = f"its dimension {axis}," if axis else "its first dimension"
            binding.warnings.append(f"input {quote(name)}: {which} {dim_text(dim)} was taken as 1")
        shape.append(length)
    binding.shapes[name] = tuple(shape)
    return unknown


def declared_dims(info: ValueInfoProto) -> tuple[int | str, ...]:
    """The dimensions of an input as the file declares them; a symbolic one by its name, "" when it has none."""
    held = tensor_of(info.type)
    dims = [] if held is None else held.shape.dim
    fixed = [(d.HasField("dim_value") and d.dim_value >= 0, d) for d in dims]
    return tuple(d.dim_value if known else "" if d.dim_param in _ANONYMOUS else d.dim_param for known, d in fixed)


def evaluate_dim(expression: str, symbols: Mapping[str, int]) -> int | None:
    """Length of a symbolic dimension such as "H" or "(h + 1)//2"; None when a symbol is unbound or it is no arithmetic.

    >>> evaluate_dim("(h + 1)//2", {"h": 7})
    4
    """
    if expression in symbols:
        return symbols[expression]
    if (
        not isinstance(expression, str)
        or expression in _ANONYMOUS
        or expression.isidentifier()
        or len(expression) > _MAX_EXPRESSION
    ):
        return None
    try:
        value = _evaluate(ast.parse(expression, mode="eval").body, symbols)
    except (SyntaxError, ValueError, RecursionError, MemoryError, ZeroDivisionError):
        return None
    return value if value is not None and 0 < value <= MAX_DIM else None


def _evaluate(node: ast.expr, symbols: Mapping[str, int]) -> int | None:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.Name):
        return symbols.get(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _evaluate(node.operand, symbols)
        return None if value is None else -value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _evaluate(node.left, symbols), _evaluate(node.right, symbols)
        return None if left is None or right is None else _OPERATORS[type(node.op)](left, right)
    return None
