"""Independent truth: run the models under onnxruntime, change the input at one index of one axis, and see what changes.

No receptive-field arithmetic here. Two kinds of runs, whose findings are united:

- the file as it is, on random inputs, the index replaced by large random values: what a user would see, but a ReLU, a max pool
  or float32 rounding can hide a faint change;
- its *twin*: every weight of a Conv or Gemm by its magnitude, their biases zero, on an input of zeros with ones at the index. No
  cancellation, no dead ReLU, no rounding to nothing against a baseline: in a chain of convolutions what is reached is above
  zero, and what is not is exactly zero.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx

FOLDER = Path(__file__).parents[2] / "models"
FILES = sorted(path.name for path in FOLDER.glob("*.onnx"))
DRAWS = 160  # runs of the file as it is, shared out over the indices of an axis
Change = Callable[[int], dict[str, np.ndarray]]


@pytest.mark.parametrize("name", FILES)
def test_what_changes_is_what_the_intervals_say(name):
    model = onnx.load(FOLDER / name)
    a = rfonnx.analyze(model)
    source = model.graph.input[0]
    shape = tuple(d.dim_value for d in source.type.tensor_type.shape.dim)
    for axis in range(2, len(shape)):
        exposed = sorted(a.tensors)
        intervals = {t: a.intervals(t, input=source.name, axis=axis) for t in exposed}
        for index, changed in probes(model, exposed, shape, axis):
            for tensor in exposed:
                lo, hi = intervals[tensor]
                where = f"{tensor}, input axis {axis}, index {index}"
                seen = changed[tensor]
                outside = seen & ~((lo <= index) & (index <= hi))
                assert not outside.any(), f"{where}: changes position {np.argwhere(outside)[0]}, outside its interval"
                if a.tensors[tensor].exact:
                    missed = ((lo == index) | (hi == index)) & (lo <= hi) & ~seen
                    assert not missed.any(), f"{where}: an end of position {np.argwhere(missed)[0]}, but nothing changes"


def probes(
    model: onnx.ModelProto, tensors: list[str], shape: tuple[int, ...], axis: int
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Per index of the axis, where each tensor changed: bool arrays of the tensors' shapes."""
    length = shape[axis]
    twin = change_under(session(positive(model), tensors), tensors, np.zeros(shape, np.float32), axis, np.float32(1))
    random = np.random.default_rng(7)
    base = random.normal(size=shape).astype(np.float32)
    loud = random.normal(size=shape).astype(np.float32) * 10
    faithful = session(model, tensors)
    draws = [change_under(faithful, tensors, base, axis, value) for value in (loud, -loud / 4)]
    step = max(1, length * len(draws) // DRAWS)
    for index in range(length):
        changed = twin(index)
        for draw in draws if index % step == 0 or index == length - 1 else ():
            for tensor, seen in draw(index).items():
                changed[tensor] |= seen
        yield index, changed


def change_under(
    run: onnxruntime.InferenceSession, tensors: list[str], base: np.ndarray, axis: int, value: np.ndarray
) -> Change:
    """Compares a run with `base` to one with `base` set to `value` at an index of the axis."""
    feed = run.get_inputs()[0].name
    before = run.run(tensors, {feed: base})

    def change(index: int) -> dict[str, np.ndarray]:
        at = (slice(None),) * axis + (index,)
        changed = base.copy()
        changed[at] = np.broadcast_to(value, base.shape)[at]
        after = run.run(tensors, {feed: changed})
        assert all(np.isfinite(y.sum()) for y in after), "the perturbation overflows"
        return {name: x != y for name, x, y in zip(tensors, before, after, strict=True)}

    return change


def session(model: onnx.ModelProto, tensors: list[str]) -> onnxruntime.InferenceSession:
    """A single-threaded session, unoptimised so that every tensor is there to be read."""
    exposed = onnx.ModelProto()
    exposed.CopyFrom(model)
    del exposed.graph.output[:]
    exposed.graph.output.extend(helper.make_tensor_value_info(t, TensorProto.FLOAT, None) for t in tensors)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(exposed.SerializeToString(), options, providers=["CPUExecutionProvider"])


def positive(model: onnx.ModelProto) -> onnx.ModelProto:
    """The twin: magnitudes for weights, no biases; which positions are read stays the same."""
    twin = onnx.ModelProto()
    twin.CopyFrom(model)
    layers = [node for node in twin.graph.node if node.op_type in ("Conv", "Gemm")]
    weights, biases = ({node.input[i] for node in layers} for i in (1, 2))
    for tensor in twin.graph.initializer:
        if tensor.name in weights | biases:
            value = numpy_helper.to_array(tensor)
            tensor.CopyFrom(numpy_helper.from_array(abs(value) * (tensor.name in weights), tensor.name))
    return twin
