"""Lookahead and left context along time, against onnxruntime: a sample is changed, and what follows is the truth."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx

LENGTH = 48


def chain(*layers, shape=(1, 2, LENGTH)) -> onnx.ModelProto:
    """A net over x of layers (operator, constant inputs, attributes)."""
    nodes, weights, x = [], [], "x"
    for number, (op, constants, attrs) in enumerate(layers):
        names = []
        for value in constants:
            names.append(f"w{len(weights)}" if value is not None else "")
            if value is not None:
                weights.append(numpy_helper.from_array(value, names[-1]))
        made = "y" if number == len(layers) - 1 else f"t{number}"
        nodes.append(helper.make_node(op, [x, *names], [made], **attrs))
        x = made
    info = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    out = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "chain", info, out, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def conv(kernel, **attrs):
    return ("Conv", [np.random.default_rng(kernel).normal(size=(2, 2, kernel)).astype(np.float32)], attrs)


def pad(before, after, mode="constant"):
    return ("Pad", [np.array([0, 0, before, 0, 0, after])], {"mode": mode})


def transposed(kernel, stride):
    weight = np.random.default_rng(kernel).normal(size=(2, 2, kernel)).astype(np.float32)
    return ("ConvTranspose", [weight], {"strides": [stride]})


REPEAT = ("Resize", [None, np.float32([1, 1, 3])], {"mode": "nearest", "nearest_mode": "floor"})
REPEAT[2]["coordinate_transformation_mode"] = "asymmetric"

NETS = {  # layers, stride, causal, lookahead, left context
    "causal conv": ([pad(2, 0), conv(3)], 1, True, 0, 2),
    "causal and dilated": ([pad(6, 0), conv(3, dilations=[3])], 1, True, 0, 6),
    "centred": ([conv(5, pads=[2, 2])], 1, False, 2, 2),
    "one sample ahead": ([pad(2, 1), conv(4)], 1, False, 1, 2),
    "unpadded": ([conv(4), conv(3)], 1, False, 5, 0),
    "the past alone": ([pad(3, 0), conv(3)], 1, True, -1, 3),
    "first of its step": ([pad(3, 0), conv(4, strides=[2])], 2, True, 0, 3),
    "last of its step": ([pad(2, 0), conv(4, strides=[2])], 2, False, 1, 2),
    "repeated": ([pad(1, 0), conv(2), REPEAT], Fraction(1, 3), True, 0, 1),
    "transposed": ([pad(1, 0), conv(2), transposed(4, 2)], Fraction(1, 2), True, 0, 2),
    "strided, then repeated": ([pad(2, 0), conv(3, strides=[3]), REPEAT], 1, True, 0, 4),
    "mirrored in front": ([pad(2, 0, "reflect"), conv(3)], 1, False, 2, 2),
    "mirrored behind": ([pad(0, 2, "reflect"), conv(3)], 1, False, 2, 0),
}


@pytest.mark.parametrize("name", NETS)
def test_lookahead_and_context(name):
    layers, stride, causal, lookahead, context = NETS[name]
    model = chain(*layers)
    (fact,) = rfonnx.analyze(model).facts["y"].time
    assert (fact.input, fact.axis, fact.tensor_axis, fact.stride) == ("x", 2, 2, stride)
    assert (fact.causal, fact.lookahead, fact.context) == (causal, lookahead, context)
    ahead, before = measured(model, Fraction(stride), 2)
    assert ahead == lookahead
    assert before == context or "mirrored" in name  # a mirrored border reaches back further than any other position


def measured(model: onnx.ModelProto, stride: Fraction, axis: int) -> tuple[int, int]:
    """Largest distance from the sample that a position stands for to one that it follows: (after, before)."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.random.default_rng(0).normal(size=(1, 2, LENGTH)).astype(np.float32)
    y = session.run(None, {"x": x})[0]
    ahead, behind = [], []
    for sample in range(LENGTH):
        changed = x.copy()
        changed[:, :, sample] += 3
        different = session.run(None, {"x": changed})[0] != y
        positions = np.flatnonzero(different.any(axis=tuple(i for i in range(y.ndim) if i != axis)))
        own = positions * stride.numerator // stride.denominator
        ahead += (sample - own).tolist()
        behind += (own - sample).tolist()
    return max(ahead), max(behind)


def test_wavenet_and_keras_tcn_are_causal(models, recipes):
    (fact,) = rfonnx.analyze(models / "wavenet.onnx").facts["logits"].time
    assert (fact.causal, fact.lookahead, fact.context) == (True, 0, 1023)
    a = rfonnx.analyze(recipes.keras_tcn(3, (1, 2, 4)))
    (fact,) = a.facts[a.outputs[0]].time
    assert (fact.causal, fact.lookahead, fact.context) == (True, 0, 28)


def test_time_may_lie_along_any_axis():
    swap = ("Transpose", [], {"perm": [0, 2, 1]})
    a = rfonnx.analyze(chain(swap, pad(2, 0), conv(3), swap, shape=(1, LENGTH, 2)))
    (fact,) = a.facts["y"].time
    assert (fact.axis, fact.tensor_axis, fact.causal) == (1, 1, True)


def test_what_is_at_most_may_be_causal():
    steps = [np.array(v, np.int64) for v in (8, 16)]
    a = rfonnx.analyze(chain(("STFT", [steps[0], None, steps[1]], {"onesided": 1}), shape=(1, LENGTH, 1)))
    (fact,) = a.facts["y"].time
    assert (fact.stride, fact.causal, fact.lookahead, fact.context) == (8, None, 15, 0)


def test_images_and_what_does_not_slide_have_no_time(models):
    for name in ("seed", "conv3d", "vit", "se"):
        assert all(fact.time == () for fact in rfonnx.analyze(models / f"{name}.onnx").facts.values())


def test_outputs_of_their_own_kind():
    """An input that is passed on, and a constant, have no time."""
    model = chain(conv(3))
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value_float=1.0))
    model.graph.output.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 2, LENGTH)))
    model.graph.output.append(helper.make_tensor_value_info("c", TensorProto.FLOAT, ()))
    facts = rfonnx.analyze(model).facts
    assert list(facts) == ["y", "x", "c"]
    assert (facts["x"].time, facts["c"].time, facts["c"].shifts) == ((), (), ())


def put_together(length: int) -> onnx.ModelProto:
    """A mirrored beginning before x, and a window over both."""
    nodes = [
        helper.make_node("Slice", ["x", "from", "to", "axis", "back"], ["mirrored"]),
        helper.make_node("Concat", ["mirrored", "x"], ["longer"], axis=2),
        helper.make_node("Conv", ["longer", "w"], ["y"], strides=[4]),
    ]
    weights = [
        numpy_helper.from_array(np.array([value]), name)
        for name, value in (("from", 6), ("to", 0), ("axis", 2), ("back", -1))
    ]
    weights.append(numpy_helper.from_array(np.ones((2, 2, 10), np.float32), "w"))
    info = [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 2, length))]
    out = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "parts", info, out, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_what_is_put_together_along_an_axis_of_any_length() -> None:
    """Beyond 2^24 positions nothing is laid out: the ends of each part tell of it. An hour has the facts of a second."""
    facts = []
    for length in (2**13, 2**25, 2**36):
        (fact,) = rfonnx.analyze(put_together(length)).facts["y"].time
        facts.append((fact.stride, fact.causal, fact.lookahead, fact.context))
    assert facts[0][0] == 4
    assert facts[0] == facts[1] == facts[2]


def test_rows_of_an_hour_laid_end_to_end_have_a_shift_without_a_halo() -> None:
    """From one row to the next are more positions than are looked at for a halo: a report was refused for that."""
    rows = ("Reshape", [np.array([1, 1, -1])], {})
    window = ("Conv", [np.ones((1, 1, 3), np.float32)], {"pads": [1, 1]})
    for length, halo in ((16, True), (57_600_000, False)):
        facts = rfonnx.analyze(chain(rows, window, shape=(1, 2, length))).facts["y"]
        (shift,) = (fact for fact in facts.shifts if fact.axis == 1)
        assert (shift.period, shift.shift) == (1, length)
        assert (shift.halo is not None) is halo
