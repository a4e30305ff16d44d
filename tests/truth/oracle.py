"""What is true of a small net, by changing its inputs one element at a time under onnxruntime. Nothing here asks rfonnx."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from rfonnx.results.fields import ShiftFact
from truth.nets import Net

DRAWS = 4
CHANGES = (0.4, -3.0, 30.0, -30.0)
"""Added to one element at a time; several, since a maximum or a gate hides some."""


@dataclass
class Truth:
    """Dependence of every tensor on every input, measured.

    Attributes:
        net: what is measured.
    """

    net: Net

    @cached_property
    def masks(self) -> dict[tuple[str, str], np.ndarray]:
        """By (tensor, input): bool, the tensor's shape + the input's shape: an element was seen to change."""
        session = _all_shown(self.net.model)
        names = [output.name for output in session.get_outputs()]
        random = np.random.default_rng(3)
        found: dict[tuple[str, str], np.ndarray] = {}
        for _ in range(DRAWS):
            feeds = {name: random.normal(size=shape).astype(np.float32) for name, shape in self.net.inputs.items()}
            before = session.run(names, feeds)
            for source, value in feeds.items():
                for name, result in zip(names, before, strict=True):
                    found.setdefault((name, source), np.zeros((*result.shape, *value.shape), bool))
                for place in np.ndindex(value.shape):
                    for change in CHANGES:
                        other = value.copy()
                        other[place] += np.float32(change)
                        after = session.run(names, {**feeds, source: other})
                        for name, was, now in zip(names, before, after, strict=True):
                            found[name, source][(..., *place)] |= was != now
        return found

    def along(self, tensor: str, axis: int, source: str, source_axis: int) -> np.ndarray:
        """Positions along an axis of a tensor x positions along an axis of an input: bool."""
        mask = self.masks[tensor, source]
        rank = mask.ndim - len(self.net.inputs[source])
        kept = (axis, rank + source_axis)
        return mask.any(axis=tuple(i for i in range(mask.ndim) if i not in kept))

    def time(self, output: str) -> np.ndarray | None:
        """Positions of the output x positions of the input, or None where the output has no positions."""
        axis = self.net.out[output]
        return None if axis is None else self.along(output, axis, *self.net.time)

    def lookahead(self, output: str) -> int:
        """How far after its own input position, floor(t * stride), a position was seen to read, at the most."""
        position, sample = np.nonzero(self.time(output))
        own = np.floor(position * self.net.stride.get(output, 1) + 1e-9).astype(int)
        return int((sample - own).max())

    def mixes(self, output: str) -> bool:
        """Whether a sample of the output was seen to change with another sample of an input."""
        if output not in self.net.batch:
            return False
        pairs = [
            self.along(output, self.net.batch[output], source, self.net.batch[source])
            for source in self.net.inputs
            if source in self.net.batch
        ]
        return any((pair & ~np.eye(*pair.shape, dtype=bool)).any() for pair in pairs)

    @cached_property
    def sizes(self) -> dict[str, np.ndarray]:
        """Per output with positions: the extents of what its positions read, from first to last; 0 where nothing."""
        found = {}
        for output in self.net.out:
            table = self.time(output)
            if table is not None:
                last = table.shape[1] - 1 - table[:, ::-1].argmax(1)
                found[output] = np.where(table.any(1), last - table.argmax(1) + 1, 0)
        return found

    @cached_property
    def takes_all(self) -> bool:
        """Whether some tensor reads the whole axis into each of its positions that reads anything."""
        source, axis = self.net.time
        for tensor, name in self.masks:
            if name == source:
                rank = self.masks[tensor, name].ndim - len(self.net.inputs[name])
                mask = self.masks[tensor, name].any(
                    axis=tuple(rank + i for i in range(len(self.net.inputs[name])) if i != axis)
                )
                reads = mask.reshape(-1, mask.shape[-1])
                reads = reads[reads.any(1)]
                if len(reads) and reads[:, [0, -1]].all():
                    return True
        return False

    def _reads(self, output: str) -> np.ndarray:
        """Positions of the output x its other elements x positions of the input: bool."""
        (source, axis), own = self.net.time, self.net.out[output]
        assert own is not None
        mask = self.masks[output, source]
        rank = mask.ndim - len(self.net.inputs[source])
        rows = np.moveaxis(mask.any(axis=tuple(i for i in range(rank, mask.ndim) if i != rank + axis)), own, 0)
        return rows.reshape(len(rows), -1, rows.shape[-1])

    def extents(self, output: str) -> np.ndarray:
        """Extents, from first to last, of what the elements of an output read; of those that read anything."""
        return _extents(self._reads(output))

    def interior(self, output: str) -> np.ndarray:
        """The same of the middle third of the positions; none when one of them touches an end of the input."""
        rows = self._reads(output)
        third = len(rows) // 3
        rows = rows[third : len(rows) - third]
        return _extents(rows) if not rows[..., [0, -1]].any() else np.array([], int)


def _extents(rows: np.ndarray) -> np.ndarray:
    rows = rows.reshape(-1, rows.shape[-1])
    rows = rows[rows.any(1)]
    return rows.shape[1] - rows[:, ::-1].argmax(1) - rows.argmax(1)


def _all_shown(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """The model with every float tensor as an output."""
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    types = {info.name: info.type.tensor_type.elem_type for info in (*model.graph.value_info, *model.graph.output)}
    have = {output.name for output in shown.graph.output}
    for node in model.graph.node:
        for name in node.output:
            if name and name not in have and types.get(name) == onnx.TensorProto.FLOAT:
                shown.graph.output.append(helper.make_value_info(name, onnx.TypeProto()))
    return open_plainly(shown)


def open_plainly(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """A session without optimisations: what is measured is the file."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def follows(net: Net, output: str, fact: ShiftFact) -> bool:
    """Whether the output moves by `fact.shift` when what the input shows moves by `fact.period`, where the fact says so.

    Where it names a room, something within it moves before a background of zeros; else anything is shown, and new comes in.
    """
    session = open_plainly(net.model)
    random = np.random.default_rng(5)
    own = net.out[output]
    assert own is not None
    assert fact.period is not None
    shape = list(net.inputs[fact.input])
    length, period = shape[fact.axis], fact.period
    if fact.room is None:
        shape[fact.axis] = length + period
        shown = random.normal(size=shape).astype(np.float32)
        views = [np.take(shown, range(first, first + length), fact.axis) for first in (period, 0)]
    else:
        first, last = fact.room
        shape[fact.axis] = last - first + 1 - period
        if shape[fact.axis] < 1:
            return True  # there is no room to move
        content = random.normal(size=shape).astype(np.float32)
        views = [np.zeros(net.inputs[fact.input], np.float32) for _ in range(2)]
        for view, at in zip(views, (first, first + period), strict=True):
            view[(slice(None),) * fact.axis + (slice(at, at + shape[fact.axis]),)] = content
    others = {name: np.zeros(size, np.float32) for name, size in net.inputs.items()}
    before, after = (np.moveaxis(session.run([output], {**others, fact.input: view})[0], own, 0) for view in views)
    first, last = fact.positions
    here = [t for t in range(first, last + 1) if first <= t + fact.shift <= last]
    return bool(np.allclose(before[here], after[[t + fact.shift for t in here]], rtol=1e-4, atol=1e-5))
