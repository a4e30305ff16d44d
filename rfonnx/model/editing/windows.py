"""Changes to windows: kernel, stride, dilation and padding of convolutions and pools of any rank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import index

from onnx import NodeProto

from rfonnx.errors import QueryError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.tensors import ELEMENT_TYPES
from rfonnx.model.editing.around import Around, padding_around
from rfonnx.model.editing.edits import Edit, Shaped
from rfonnx.model.editing.places import label
from rfonnx.operators.schemas import schema_of
from rfonnx.operators.table import operator
from rfonnx.results.plain import counted
from rfonnx.results.variants import Attribute, Change
from rfonnx.system.named import NamedTuple

SPELT: Mapping[Attribute, str] = {
    "kernel": "kernel_shape",
    "stride": "strides",
    "dilation": "dilations",
    "pads": "pads",
}
"""ONNX's names of what users call otherwise."""

Values = tuple[int, ...]


class Windows(NamedTuple):
    """What becomes of nodes, for the file and for people."""

    edits: tuple[Edit, ...]
    changes: tuple[Change, ...]


def change_windows(graph: Graph, node: Node, proto: NodeProto, asked: Mapping[str, int | Sequence[int]]) -> Windows:
    """The node with other attributes; padding follows where it is not asked for.

    Args:
        graph: the model as it is.
        node, proto: of it, and of the file.
        asked: by attribute, in users' words or ONNX's: a value for all axes, or one for each.

    Raises:
        QueryError: the node has no such attribute, a value is out of range, or there is no padding that goes with it.
    """
    if not changeable(node):
        raise QueryError(f"{node} has no window that could be changed", CAN)
    old = {key: tuple(node.attrs[name]) for key, name in SPELT.items()}
    given = {_attribute(graph, node, name): value for name, value in asked.items()}
    new = old | {key: _values(graph, node, key, value, len(old["stride"])) for key, value in given.items()}
    spelt = {attribute.name for attribute in proto.attribute}
    if "output_shape" in spelt and given.keys() & {"stride", "pads"}:
        raise QueryError(f"{node} has its length in the file (output_shape)", "change kernel or dilation")
    by_runtime = "output_shape" in spelt or _word(proto, "auto_pad") not in ("", "NOTSET")
    around = Around((), ())
    if "pads" not in given and not by_runtime:
        around = padding_around(graph, node, _span(old), _span(new))
    elif "pads" in given:
        around = Around((), (), new["pads"])
    pads = around.pads or old["pads"]
    _check(graph, node, new["kernel"], pads)
    asked_for = [Change(label(graph, node), node.kind, key, old[key], new[key]) for key in given]
    follows = (
        [Change(label(graph, node), node.kind, "pads", old["pads"], pads, follows=True)]
        if "pads" not in given and pads != old["pads"]
        else []
    )
    written = {SPELT[key]: new[key] for key in given} | ({SPELT["pads"]: pads} if pads != old["pads"] else {})
    shaped = _filters(graph, node, new["kernel"]) if new["kernel"] != old["kernel"] else None
    edit = Edit(node.outputs[0], tuple(written.items()), "pads" in given, shaped)
    return Windows((edit, *around.edits), (*asked_for, *follows, *around.changes))


def changeable(node: Node) -> bool:
    """Whether a node has a window: kernel, stride, dilation and padding, that are known."""
    held = all(node.attrs.get(name) is not None for name in SPELT.values())
    return held and operator(node.kind).switched_off in ("pads", "cut")


CAN = "kernel, stride, dilation and pads of convolutions and pools can be, and --drop takes a node out"


def has(node: Node, key: Attribute) -> bool:
    """Whether the operator, in the opset of the file, has an attribute."""
    schema = schema_of(node.op_type, node.version, node.domain)
    return schema is None or SPELT[key] in schema.attributes


def _attribute(graph: Graph, node: Node, name: str) -> Attribute:
    key = next((key for key, spelt in SPELT.items() if name in (key, spelt)), None)
    if key is not None and has(node, key):
        return key
    if key is not None:
        raise QueryError(
            f"{node} has no {key}: {node.kind} of opset {node.version} has none",
            "export the model with a newer opset, or change another node",
        )
    raise QueryError(f"{node} has no attribute '{name}' that could be changed", CAN)


def _values(graph: Graph, node: Node, key: Attribute, value: int | Sequence[int], rank: int) -> Values:
    least = 0 if key == "pads" else 1
    try:
        numbers = tuple(map(index, value if isinstance(value, Iterable) else [value]))  # numpy's integers, too
    except TypeError:
        numbers = ()
    if not numbers or not all(least <= n < 2**31 for n in numbers):
        shown = "x".join(map(str, numbers)) or repr(value)
        raise QueryError(f"{key} of {node} cannot be {shown}", f"give whole numbers from {least} on")
    if len(numbers) == 1:
        return numbers * (2 * rank if key == "pads" else rank)
    if key == "pads" and len(numbers) == rank:
        return numbers * 2
    wanted = 2 * rank if key == "pads" else rank
    if len(numbers) != wanted:
        raise QueryError(
            f"{key} of {node} was given {counted(len(numbers), 'value')}, expected {wanted}",
            f"give one for all axes, or {'x'.join(map(str, range(1, wanted + 1)))} for each",
        )
    return numbers


def _span(attrs: Mapping[Attribute, Values]) -> Values:
    return tuple((k - 1) * d + 1 for k, d in zip(attrs["kernel"], attrs["dilation"], strict=True))


def _filters(graph: Graph, node: Node, kernel: Values) -> Shaped | None:
    """The operand that holds filters, with kernels of this size; None: it is a pool."""
    index = operator(node.kind).filters
    if index is None:
        return None
    name = node.inputs[index]
    shape = graph.shapes[name]
    if name not in graph.constants or shape is None or None in shape:
        raise QueryError(f"the weight of {node} is computed from an input", "change what makes it")
    lengths = tuple(n or 0 for n in shape)
    return Shaped(index, ELEMENT_TYPES[graph.dtypes[name]], (*lengths[:2], *kernel))


def _check(graph: Graph, node: Node, kernel: Values, pads: Values) -> None:
    """Refuse pools that no runtime takes."""
    if operator(node.kind).filters is None and any(pad >= k for pad, k in zip(pads, kernel * 2, strict=True)):
        shown, size = ("x".join(map(str, one)) for one in (pads, kernel))
        raise QueryError(
            f"{node} would have padding {shown} and a kernel of {size}: a pool pads by less than its kernel",
            "say another kernel or pads",
        )


def _word(proto: NodeProto, name: str) -> str:
    return next((one.s.decode("ascii", "replace") for one in proto.attribute if one.name == name), "")
