"""Inputs that no runtime takes, though onnx's inference lets them pass: what is wrong with a node whose shapes are all known.

Each check says what does not fit, or "" where nothing is wrong. They stay behind what onnxruntime refuses: what it takes is not
refused here.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from rfonnx.graph.nodes import Node
from rfonnx.graph.text import show_shape
from rfonnx.operators.table import filling
from rfonnx.results.fields import Shape
from rfonnx.system.named import NamedTuple

Lengths = tuple[int, ...]


class FitCall(NamedTuple):
    """A node as the file has it, with the shapes of what it reads (None: left out) and makes (None: not known, or not made)."""

    node: Node
    inputs: tuple[Lengths | None, ...]
    outputs: tuple[Lengths | None, ...]

    def shape(self, index: int) -> Lengths | None:
        """Of an input; None when it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None


Check = Callable[[FitCall], str]


def misfit(*kinds: str) -> Callable[[Check], Check]:
    """Fill in the check of operators."""
    return filling("misfit", *kinds)


def lengths(call: FitCall, index: int, what: str, expected: Lengths) -> str:
    """That an input, if it is given, has one shape."""
    found = call.shape(index)
    if found is None or found == expected:
        return ""
    return f"its {what} has shape {show_shape(found)}, expected {show_shape(expected)}"


def broadcasts(lengths: Shape, onto: Lengths) -> bool:
    """Whether a shape that is known stretches to another, as numpy has it."""
    if lengths is None or len(lengths) > len(onto):
        return False
    return all(n in (1, m) for n, m in zip(reversed(lengths), reversed(onto), strict=False))


def stretches(call: FitCall, index: int, what: str, onto: Lengths) -> str:
    """That an input, if it is given, broadcasts to a shape."""
    found = call.shape(index)
    if found is None:
        return ""
    return (
        ""
        if broadcasts(found, onto)
        else f"its {what} of shape {show_shape(found)} does not broadcast to {show_shape(onto)}"
    )


@misfit("Reshape")
def reshape(call: FitCall) -> str:
    """12 elements cannot become 2x5."""
    before, after = call.shape(0), call.outputs[0]
    if before is None or after is None or prod(before) == prod(after):
        return ""
    return f"{show_shape(before)} are {prod(before)} elements, and {show_shape(after)} are {prod(after)}"


@misfit("Transpose")
def transpose(call: FitCall) -> str:
    """`perm` has an entry for each axis."""
    before, perm = call.shape(0), call.node.attrs.get("perm")
    if before is None or perm is None or len(perm) == len(before):
        return ""
    return f"attribute 'perm' is {perm}, for a tensor of {len(before)} axes"


@misfit("DepthToSpace")
def depth_to_space(call: FitCall) -> str:
    """Channels come in blocks."""
    before, block = call.shape(0), call.node.attrs.get("blocksize", 1)
    if before is None or len(before) != 4 or not block or before[1] % block**2 == 0:
        return ""
    return f"{before[1]} channels are no multiple of {block} x {block}"


@misfit("SpaceToDepth")
def space_to_depth(call: FitCall) -> str:
    """Rows and columns come in blocks."""
    before, block = call.shape(0), call.node.attrs.get("blocksize", 1)
    if before is None or len(before) != 4 or not block or not (before[2] % block or before[3] % block):
        return ""
    return f"{before[2]} rows and {before[3]} columns are no multiples of {block}"


@misfit("Conv")
def conv(call: FitCall) -> str:
    """Weights are (outputs, inputs of a group, taps), outputs a multiple of the groups."""
    x, w, groups = call.shape(0), call.shape(1), call.node.attrs.get("group", 1)
    if x is None or w is None or len(x) < 3 or len(w) != len(x):
        return ""
    if x[1] != w[1] * groups:
        return f"there are {x[1]} channels, and a weight of shape {show_shape(w)} takes {w[1]} in {groups} groups"
    if groups < 1 or w[0] % groups:
        return f"its weight makes {w[0]} channels in {groups} groups"
    return same_taps(call, w) or lengths(call, 2, "bias", (w[0],))


def same_taps(call: FitCall, weight: Lengths) -> str:
    """`kernel_shape`, if it is given, is the weight's."""
    said = call.node.attrs.get("kernel_shape")
    if said is None or tuple(said) == weight[2:]:
        return ""
    return f"attribute 'kernel_shape' is {said}, and its weight has shape {show_shape(weight)}"


@misfit("Gemm")
def gemm(call: FitCall) -> str:
    """C broadcasts to the product."""
    made = call.outputs[0]
    return stretches(call, 2, "input C", made) if made is not None and call.node.version >= 7 else ""


@misfit("PRelu")
def prelu(call: FitCall) -> str:
    """Slope and x broadcast together: the slope to x by the specification, but onnxruntime takes the other way, too."""
    x, slope = call.shape(0), call.shape(1)
    if x is None or slope is None or call.node.version < 7:
        return ""
    apart = [pair for pair in zip(reversed(x), reversed(slope), strict=False) if 1 not in pair and pair[0] != pair[1]]
    return f"its slope of shape {show_shape(slope)} does not broadcast to {show_shape(x)}" if apart else ""


@misfit("LayerNormalization")
def layer_norm(call: FitCall) -> str:
    """Scale and bias broadcast to x."""
    x = call.shape(0)
    return "" if x is None else stretches(call, 1, "scale", x) or stretches(call, 2, "bias", x)


@misfit("InstanceNormalization")
def instance_norm(call: FitCall) -> str:
    """Scale and bias have a value for each channel."""
    x = call.shape(0)
    if x is None or len(x) < 2:
        return ""
    return lengths(call, 1, "scale", x[1:2]) or lengths(call, 2, "bias", x[1:2])
