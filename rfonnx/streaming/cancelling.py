"""Sums of all frames that come out near 0: a rounding of what is summed is a larger share of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from onnx import ModelProto, NodeProto, ValueInfoProto, helper

from rfonnx.graph.order import reads
from rfonnx.model.opened import Opened
from rfonnx.model.reading.convert import kind_of
from rfonnx.model.runtime import open_session, run
from rfonnx.operators.table import operator

Conditions = Callable[[Mapping[str, np.ndarray]], Mapping[str, float]]
"""By output without frames, of an input: how many times larger what is summed is than the sum."""
PREFIX = "rfonnx/summed/"


def conditions(offline: Opened, finals: Iterable[str]) -> Conditions:
    """Of the sums and means that outputs are made of: sum(|x|) / |sum(x)|, of the largest of each; of several sums, the largest.

    A sum in floating point errs by a share of sum(|x|) (Higham, Accuracy and Stability of Numerical Algorithms, 4.2), so that it
    is by as many times a larger share of the sum. 1 of outputs that are no sums.

    Args:
        offline: the model.
        finals: outputs.
    """
    sums = {name: _sums(offline.proto, name) for name in finals}

    def measured(feeds: Mapping[str, np.ndarray]) -> Mapping[str, float]:
        nodes = {node.output[0]: node for found in sums.values() for node in found}
        sizes = _sizes(offline, nodes.values(), feeds) if nodes else {}
        return {name: max([1.0, *(sizes[node.output[0]] for node in found)]) for name, found in sums.items()}

    return measured


def _sums(model: ModelProto, output: str) -> list[NodeProto]:
    """The last sums and means on every way to an output."""
    makers = {name: node for node in model.graph.node for name in node.output}
    found, seen, waiting = [], set[str](), [output]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in makers:
            continue
        seen.add(name)
        if operator(kind_of(makers[name])).statistic in ("sum", "mean"):
            found.append(makers[name])
        else:
            waiting += reads(makers[name])
    return found


def _sizes(offline: Opened, sums: Iterable[NodeProto], feeds: Mapping[str, np.ndarray]) -> dict[str, float]:
    """By sum, how many times larger it would be if all that is summed had one sign."""
    made = ModelProto()
    made.CopyFrom(offline.proto)
    names = []
    for node in sums:
        whole, summed = (f"{PREFIX}{part}/{node.output[0]}" for part in ("absolute", "sum"))
        made.graph.node.append(helper.make_node("Abs", [node.input[0]], [whole]))
        other = made.graph.node.add()
        other.CopyFrom(node)
        other.name, other.input[0], other.output[0] = summed, whole, summed
        names += [node.output[0], summed]
    made.graph.ClearField("output")
    made.graph.output.extend(ValueInfoProto(name=name) for name in names)
    session = open_session(made, level="none", name=offline.label, folder=offline.folder)
    given = {name: array for name, array in feeds.items() if name in offline.input_names}
    largest = [float(np.abs(array).max(initial=0)) for array in run(session, names, given, offline.label)]
    pairs = zip(names[::2], largest[::2], largest[1::2], strict=True)
    return {name: size / own if own else 1.0 for name, own, size in pairs}
