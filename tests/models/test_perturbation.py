"""Independent truth: run the models under onnxruntime, change the input at one index of one axis, and see what changes.

No receptive-field arithmetic here. Two kinds of runs, whose findings are united:

- the file as it is, on random inputs, the index replaced by large random values: what a user would see, but a ReLU, a max pool
  or float32 rounding can hide a faint change;
- its *twin*, whose Convs and Gemms average with positive weights and have no bias: nothing cancels, no ReLU is dead, no
  sigmoid saturates. On zeros, with ones at the index, what a chain of convolutions reaches is above zero however faint, and what
  it does not reach is exactly zero; on positive noise, gates show too (a gate times zero is zero).
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
DRAWS = 150  # per axis, about, of all runs but the first kind of twin run; small nets get them at every index
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
        used = {t: used_indices(a, t, source.name, axis) for t in exposed}
        for index, changed in probes(model, exposed, shape, axis):
            for tensor in exposed:
                lo, hi = intervals[tensor]
                where = f"{tensor}, input axis {axis}, index {index}"
                seen = changed[tensor]
                outside = seen & ~((lo <= index) & (index <= hi))
                assert not outside.any(), f"{where}: changes position {np.argwhere(outside)[0]}, outside its interval"
                if a.tensors[tensor].exact:
                    missed = ((lo == index) | (hi == index)) & (lo <= hi) & ~seen
                    assert not missed.any(), (
                        f"{where}: an end of position {np.argwhere(missed)[0]}, but nothing changes"
                    )
                    for position, indices in used[tensor].items():
                        assert seen[position] == indices[index], f"{where}: support of {position} says otherwise"


def used_indices(a: rfonnx.Analysis, tensor: str, source: str, axis: int) -> dict[tuple[int, ...], np.ndarray]:
    """Indices of an input axis in the support of the tensor's first and middle positions: bool, by position."""
    shape = a.tensors[tensor].shape
    assert shape is not None
    positions = {(0,) * len(shape), tuple(n // 2 for n in shape if n is not None)}
    masks = {position: a.support(tensor, position, input=source) for position in positions}
    return {p: mask.any(axis=tuple(i for i in range(mask.ndim) if i != axis)) for p, mask in masks.items()}


def probes(
    model: onnx.ModelProto, tensors: list[str], shape: tuple[int, ...], axis: int
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Per index of the axis, where each tensor changed: bool arrays of the tensors' shapes."""
    length = shape[axis]
    twin, faithful = session(averaging(model), tensors), session(model, tensors)
    random = np.random.default_rng(7)
    ones, noise = np.ones(shape, np.float32), random.normal(size=(2, *shape)).astype(np.float32)
    always = [change_under(twin, tensors, 0 * ones, axis, ones)]
    sometimes = [
        change_under(twin, tensors, ones + abs(noise[0]), axis, 3 + abs(noise[1])),
        change_under(faithful, tensors, noise[0], axis, 10 * noise[1]),
        change_under(faithful, tensors, noise[0], axis, -3 * noise[1]),
    ]
    step = max(1, length * len(sometimes) // DRAWS)
    for index in range(length):
        united: dict[str, np.ndarray] = {}
        for draw in always + (sometimes if index % step == 0 or index == length - 1 else []):
            for tensor, seen in draw(index).items():
                united[tensor] = united[tensor] | seen if tensor in united else seen
        yield index, united


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


def averaging(model: onnx.ModelProto) -> onnx.ModelProto:
    """The twin: each filter's weights by their magnitudes, summing to 1, and no biases. It reads the same positions."""
    twin = onnx.ModelProto()
    twin.CopyFrom(model)
    layers = [node for node in twin.graph.node if node.op_type in ("Conv", "Gemm")]
    weights, biases = ({node.input[i] for node in layers} for i in (1, 2))
    for tensor in twin.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if tensor.name in weights:  # (filters, ...), as Conv and Gemm with transB=1 have them
            value = abs(value) / abs(value).sum(axis=tuple(range(1, value.ndim)), keepdims=True)
        elif tensor.name in biases:
            value = 0 * value
        tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    return twin
