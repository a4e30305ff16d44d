"""Emits Scan nodes: a step is written once, as a function of Values, and runs along the first axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from onnx import helper

from rfonnx.gradients.emitter import Emitter
from rfonnx.gradients.values import Value
from rfonnx.graph.tensors import ELEMENT_TYPES

Step = Callable[[list[Value], list[Value]], tuple[list[Value], list[Value]]]
"""Gives the next states and the outputs of one step from the states and the inputs at that step."""


def scan(
    emit: Emitter, step: Step, states: Sequence[Value], inputs: Sequence[Value]
) -> tuple[list[Value], list[Value]]:
    """Run a step along axis 0 of the inputs.

    Args:
        emit: takes the Scan node.
        step: may use any Value of the surrounding graph.
        states: before the first step.
        inputs: one slice along axis 0 per step.

    Returns:
        The states after the last step, and the outputs stacked along axis 0.
    """
    body = emit.inner()
    given_states = [Value(body, body.unique("state"), s.dtype) for s in states]
    given_inputs = [Value(body, body.unique("input"), x.dtype) for x in inputs]
    next_states, outputs = step(given_states, given_inputs)
    # a body must not hand an input through as an output
    results = [body("Identity", value) for value in (*next_states, *outputs)]
    graph = helper.make_graph(
        body.nodes,
        "step",
        [helper.make_tensor_value_info(v.name, ELEMENT_TYPES[v.dtype], None) for v in (*given_states, *given_inputs)],
        [helper.make_tensor_value_info(v.name, ELEMENT_TYPES[v.dtype], None) for v in results],
    )
    made = emit.many("Scan", [*states, *inputs], [v.dtype for v in results], body=graph, num_scan_inputs=len(inputs))
    return made[: len(states)], made[len(states) :]
