"""What is given when the last frame has come: last states of recurrences, what they make of the number of steps, last frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rfonnx.graph.nodes import Node
from rfonnx.operators.control import listed, swept_axes
from rfonnx.operators.table import operator
from rfonnx.results.fields import Shape
from rfonnx.streaming.relations import LAST, Ends, Found, Runs

TOGETHER = ("mean", "sum", "max", "min", "squares", "l1")
"""Statistics of all frames that follow from those of the frames so far and of a chunk."""


def last_states(node: Node) -> Sequence[str]:
    """Outputs that hold what a recurrence carries, after its last step."""
    carries = operator(node.kind).carries
    if carries == "layer":
        return node.outputs[1:]
    return node.outputs[: len(node.inputs) - node.attrs["num_scan_inputs"]] if carries == "rounds" else ()


def carried_to_end(node: Node, name: str, reading: Ends, axes: Mapping[str, int]) -> bool:
    """Whether there is a rule for an output that has no frames, and reads all of them: a last state, the last frame, a sum.

    `axes`: of frames by tensor; a layer goes along the first one of its sequence alone.
    """
    row = operator(node.kind)
    if row.carries == "layer":
        along = {operand: axes[operand] for operand in node.inputs if operand in axes}
        return name in last_states(node) and along == {node.inputs[0]: node.attrs.get("layout", 0)}
    return name in last_states(node) or (row.moves and reading.reason == LAST) or row.statistic in TOGETHER


def counted(node: Node, name: str, axes: Mapping[str, int], shapes: Mapping[str, Shape]) -> dict[str, Found]:
    """What an output of a scan along frames reads that reads none of their values: it depends on how many there are.

    Args:
        node: any.
        name: an output.
        axes: the axis of frames by tensor.
        shapes: of all tensors.
    """
    swept = swept_axes(node, shapes) if operator(node.kind).carries == "rounds" else []
    along = next((operand for operand, axis in swept if axes.get(operand) == axis), "")
    if not along or name not in node.outputs:
        return {}
    states = last_states(node)
    if name in states:
        return {along: (-1, Ends("counts frames"))}
    rank = max(len(shapes[name] or ()), 1)
    return {along: (listed(node.attrs, "scan_output_axes", node.outputs.index(name) - len(states)) % rank, Runs())}
