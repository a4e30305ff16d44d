"""States in few tensors: all of one type lie flat, one behind the other, in one; and the model as it was before."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from onnx import GraphProto, ModelProto, ValueInfoProto, helper, numpy_helper

from rfonnx.graph.order import reads
from rfonnx.graph.tensors import ELEMENT_TYPES
from rfonnx.results.streaming import Manifest, StreamPack, StreamState
from rfonnx.streaming.branches import PREFIX


def packed(model: ModelProto, manifest: Manifest) -> tuple[ModelProto, Manifest]:
    """The model with one input and one output for the states of a type, which it cuts and joins inside.

    Nothing is converted, so nothing is lost. States of the model's own, which the host gives, stay as they are.
    """
    made = ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    kinds = dict.fromkeys(state.dtype for state in manifest.states if state.initial is not None)
    packs = []
    for dtype in kinds:
        states = [one for one in manifest.states if one.initial is not None and one.dtype == dtype]
        pack = StreamPack(
            _free(graph, f"{PREFIX}packed/{dtype}"),
            _free(graph, f"{PREFIX}packed/{dtype}/next"),
            dtype,
            sum(prod(one.shape) for one in states),
            tuple(one.input for one in states),
        )
        _pack(graph, pack, states, manifest.finals)
        packs.append(pack)
    return made, replace(manifest, packs=tuple(packs))


def unpacked(model: ModelProto, manifest: Manifest) -> ModelProto:
    """A packed model with its states as inputs and outputs of their own again."""
    made = ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    held = {name for pack in manifest.packs for name in pack.states}
    states = [one for one in manifest.states if one.input in held]
    whole = {name for pack in manifest.packs for name in (pack.input, pack.output)}
    for entries in (graph.input, graph.output):
        _keep(entries, [entry for entry in entries if entry.name not in whole])
    graph.input.extend(_info(one.input, one) for one in states)
    given = {entry.name for entry in graph.output}
    graph.output.extend(_info(one.output, one) for one in states if one.output not in given)
    wanted = {entry.name for entry in graph.output}
    kept = []
    for node in reversed(graph.node):
        if wanted.intersection(node.output) and not held.intersection(node.output):
            kept.append(node)
            wanted.update(reads(node))
    _keep(graph.node, kept[::-1])
    return made


def _pack(graph: GraphProto, pack: StreamPack, states: list[StreamState], finals: tuple[str, ...]) -> None:
    """Cut what came in before all other nodes, and join what goes out behind them."""
    parts = [_free(graph, f"{pack.input}/{number}") for number in range(len(states))]
    flat = [_free(graph, f"{pack.output}/{number}") for number in range(len(states))]
    sizes = _stored(graph, f"{pack.input}/sizes", [prod(one.shape) for one in states])
    line = _stored(graph, f"{pack.output}/shape", [-1])
    before = [helper.make_node("Split", [pack.input, sizes], parts, f"{pack.input}/split", axis=0)]
    after = []
    for part, row, one in zip(parts, flat, states, strict=True):
        shape = _stored(graph, f"{part}/shape", one.shape)
        before.append(helper.make_node("Reshape", [part, shape], [one.input], f"{part}/reshape"))
        after.append(helper.make_node("Reshape", [one.output, line], [row], f"{row}/reshape"))
    after.append(helper.make_node("Concat", flat, [pack.output], f"{pack.output}/concat", axis=0))
    _keep(graph.node, [*before, *graph.node, *after])
    inner = {one.input for one in states}
    outer = {one.output for one in states} - set(finals)
    _keep(graph.input, [entry for entry in graph.input if entry.name not in inner])
    _keep(graph.output, [entry for entry in graph.output if entry.name not in outer])
    kind = ELEMENT_TYPES[pack.dtype]
    graph.input.append(helper.make_tensor_value_info(pack.input, kind, [pack.size]))
    graph.output.append(helper.make_tensor_value_info(pack.output, kind, [pack.size]))


def _free(graph: GraphProto, name: str) -> str:
    """The name, or one like it that nothing has."""
    taken = {tensor.name for tensor in graph.initializer} | {entry.name for entry in graph.input}
    taken.update(output for node in graph.node for output in node.output)
    while name in taken:
        name += "_"
    return name


def _stored(graph: GraphProto, name: str, values: list[int] | tuple[int, ...]) -> str:
    name = _free(graph, name)
    graph.initializer.append(numpy_helper.from_array(np.array(values, np.int64), name))
    return name


def _info(name: str, state: StreamState) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, ELEMENT_TYPES[state.dtype], state.shape)


def _keep(entries: Any, kept: list[Any]) -> None:
    """Nothing but these in a repeated field; they may be its own."""
    copies = [type(one).FromString(one.SerializeToString()) for one in kept]
    del entries[:]
    entries.extend(copies)
