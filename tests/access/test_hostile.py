"""Nodes that contradict their operator: every rule answers, and soon. Shapes, attributes and constants are seeded at random."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from onnx import defs

from rfonnx import _core
from rfonnx.analysis.lower import lower
from rfonnx.errors import RfonnxError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.access.op import registered
from rfonnx.operators.spelling import canonicalize

CONTROL_FLOW = {"If", "Loop", "Scan", "SequenceMap"}  # their subgraphs are made by the loader, never by the file alone
ATTRIBUTES = [
    *(
        "kernel_shape",
        "strides",
        "dilations",
        "pads",
        "group",
        "auto_pad",
        "output_shape",
        "output_padding",
        "axis",
        "axes",
    ),
    *(
        "num_heads",
        "kv_num_heads",
        "q_num_heads",
        "num_groups",
        "groups",
        "equation",
        "direction",
        "hidden_size",
        "perm",
    ),
    *("scales", "size", "block_size", "channels_last", "is_causal", "keepdims", "transA", "channels", "blocksize"),
]
CONSTANTS = [
    np.zeros((2, 2)),
    np.ones(3, np.int64),
    np.array(1),
    np.array([], np.int64),
    np.array([-5, 9, 2**60]),
    None,
]


def schemas() -> dict[str, list[str]]:
    """Names of each operator's attributes."""
    known = {}
    for schema in defs.get_all_schemas():
        known[f"{schema.domain}.{schema.name}".lstrip(".")] = list(schema.attributes)
    return known


def value(generator: random.Random) -> Any:
    return generator.choice(
        [
            generator.randint(-3, 5),
            [generator.randint(-2, 4) for _ in range(generator.randint(0, 5))],
            generator.random(),
            *("SAME_UPPER", "SAME_LOWER", "ij,jk->ik", "...i->i", "bidirectional", b"\xff"),
            *(2**62, [2**62, 1], [2, 2], np.ones(2), [-1.0, 2.0], 0),
        ]
    )


def length(generator: random.Random) -> int | None:
    return generator.choice([0, 1, 2, 3, 4]) if generator.random() < 0.9 else generator.choice([None, 2**31, 2**40])


def contradiction(kind: str, attributes: list[str], generator: random.Random) -> tuple[Node, Graph]:
    """A node of the operator with whatever inputs, shapes, attributes and constants."""
    domain, _, op_type = kind.rpartition(".")
    inputs = tuple(generator.choice([f"i{j}", f"i{j}", ""]) for j in range(generator.randint(0, 6)))
    outputs = tuple(f"o{j}" for j in range(generator.randint(1, 4)))
    names = [name for name in (*inputs, *outputs) if name]
    shapes = {name: tuple(length(generator) for _ in range(generator.randint(0, 5))) for name in names}
    shapes = {name: None if generator.random() < 0.05 else shape for name, shape in shapes.items()}
    constants = {name: generator.choice(CONSTANTS) for name in inputs if name and generator.random() < 0.4}
    attrs = {name: value(generator) for name in attributes if generator.random() < 0.5}
    attrs |= {generator.choice(ATTRIBUTES): value(generator) for _ in range(generator.randint(0, 3))}
    version = generator.choice([1, 6, 9, 11, 13, 18, 21, 25])
    true_inputs = tuple(dict.fromkeys(name for name in inputs if name and name not in constants))
    graph = Graph("contradiction", true_inputs, outputs, [], shapes, {}, set(constants), constants.get)
    return Node(op_type, domain, "it", inputs, outputs, attrs, version), graph


@pytest.mark.parametrize("seed", range(4))
def test_every_rule_answers(seed: int) -> None:
    generator = random.Random(seed)
    attributes = schemas()
    lowered = 0
    said = []
    for kind in sorted(set(registered()) - CONTROL_FLOW):
        for _ in range(5):
            node, graph = contradiction(kind, attributes.get(kind, []), generator)
            try:
                graph.nodes.append(canonicalize(node, graph))
            except RfonnxError as error:
                said.append(str(error))
                continue
            program = lower(graph)
            lowered += 1
            try:
                _core.run(list(program.inputs), [(t.name, t.shape, t.paths, t.exact) for t in program.tensors])
            except (OverflowError, ValueError) as error:
                said.append(str(error))
    assert lowered > 500
    assert all(said)
