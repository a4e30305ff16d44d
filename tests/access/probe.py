"""Holds a rule against the operator itself: inputs are perturbed element by element, and what changes must be what is claimed.

`probe(...)` builds a model of one node, lowers it, evaluates the access program as sets (`brute`) and compares with the
dependence that onnxruntime (or, where it cannot run the operator, onnx's reference evaluator) shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from access.brute import mask, program_reads
from rfonnx.analysis.lower import Program, lower
from rfonnx.graph.nodes import Graph, Node
from rfonnx.model.reading.load import load
from rfonnx.operators.access.op import Weights
from rfonnx.operators.spelling import canonicalize

Run = Callable[[dict[str, np.ndarray]], list[np.ndarray]]


def one_node(
    op_type: str,
    inputs: Mapping[str, np.ndarray],
    constants: Sequence[str] = (),
    outputs: Sequence[str] | int = 1,
    opset: int = 21,
    domain: str = "",
    order: Sequence[str] | None = None,
    attributes: Mapping[str, Any] | None = None,
    **attrs: Any,
) -> onnx.ModelProto:
    """A model of one node whose inputs are `inputs` in order (or `order`, with "" for what is left out).

    `attributes`: those of the node's whose names are taken by arguments here.
    """
    names = [f"y{i}" for i in range(outputs)] if isinstance(outputs, int) else list(outputs)
    node = helper.make_node(
        op_type, list(order or inputs), names, name="it", domain=domain, **attrs, **(attributes or {})
    )
    graph = helper.make_graph(
        [node],
        "one",
        [_info(n, v) for n, v in inputs.items() if n not in constants],
        [helper.make_value_info(n, onnx.TypeProto()) for n in names if n],
        [numpy_helper.from_array(inputs[n], n) for n in constants],
    )
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def _info(name: str, value: np.ndarray) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)


def runner(model: onnx.ModelProto) -> Run:
    """Runs the model under onnxruntime, or the reference evaluator."""
    import onnxruntime

    names = [o.name for o in model.graph.output]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception:
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(model)
        return lambda feeds: [np.asarray(v) for v in evaluator.run(names, feeds)]
    return lambda feeds: session.run(names, feeds)


def graph_of(model: onnx.ModelProto, feeds: Mapping[str, np.ndarray], results: Sequence[np.ndarray]) -> Graph:
    """The model as a Graph; shapes are those of a real run."""
    proto = model.graph
    values = {t.name: numpy_helper.to_array(t) for t in proto.initializer}
    shapes = {n: v.shape for n, v in [*values.items(), *feeds.items()]}
    shapes |= {o.name: r.shape for o, r in zip(proto.output, results, strict=True)}
    dtypes = {n: v.dtype.name for n, v in [*values.items(), *feeds.items()]}
    versions = {o.domain: o.version for o in model.opset_import}
    outputs = tuple(o.name for o in proto.output)
    graph = Graph("one.onnx", tuple(feeds), outputs, [], dict(shapes), dtypes, set(values), values.get)
    for node in proto.node:
        attrs = {a.name: _attribute(a) for a in node.attribute}
        raw = Node(
            node.op_type, node.domain, node.name, tuple(node.input), tuple(node.output), attrs, versions[node.domain]
        )
        graph.nodes.append(canonicalize(raw, graph))
    return graph


def _attribute(attribute: onnx.AttributeProto) -> Any:
    value = helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    if attribute.type == onnx.AttributeProto.STRINGS:
        return [v.decode() for v in value]
    return list(value) if attribute.type in (onnx.AttributeProto.INTS, onnx.AttributeProto.FLOATS) else value


def measured(
    run: Run,
    feeds: Mapping[str, np.ndarray],
    names: Sequence[str],
    deltas: Sequence[float] = (0.75, -3.0, 40.0),
    trials: int = 3,
) -> dict[str, list[np.ndarray]]:
    """By input: per output, a bool array (out shape + in shape) of which input element changes which output element.

    The first trial starts from the values given; others from fresh ones, so that a dead ReLU or a max that is not reached
    in one trial is seen in another. Only inputs named in `names` vary; conditions are negated.
    """
    generator = np.random.default_rng(0)
    found: dict[str, list[np.ndarray]] = {}
    for trial in range(trials):
        base = dict(feeds)
        if trial:
            base |= {n: generator.normal(size=feeds[n].shape).astype(feeds[n].dtype) for n in names}
        before = run(base)
        for name in names:
            masks = found.setdefault(name, [np.zeros(y.shape + feeds[name].shape, bool) for y in before])
            for position in np.ndindex(feeds[name].shape):
                for delta in deltas:
                    changed = base[name].copy()
                    changed[position] = moved(changed[position], delta)
                    for seen, y, y0 in zip(masks, run({**base, name: changed}), before, strict=True):
                        seen[(..., *position)] |= (y != y0) & ~((y != y) & (y0 != y0))
    return found


def moved(value: np.generic, delta: float) -> np.generic:
    """A number further on, as far as its type goes; a condition negated."""
    if value.dtype == bool:
        return np.logical_not(value)
    if value.dtype.kind not in "iu":
        return value.astype(np.float64) + delta
    limits = np.iinfo(value.dtype)
    return np.clip(value.astype(np.float64) + delta, limits.min, limits.max)


def probe(
    op_type: str,
    inputs: Mapping[str, np.ndarray],
    constants: Sequence[str] = (),
    vary: Sequence[str] | None = None,
    exact: bool | Sequence[bool] | None = True,
    deltas: Sequence[float] = (0.75, -3.0, 40.0),
    trials: int = 3,
    run: Run | None = None,
    weights: Weights = "structure",
    hull: bool = False,
    **node: Any,
) -> Program:
    """Check one operator; gives its program for further looks.

    Sound: what changes an output must be read. Exact, where `exact` says so: what is read changes it, and the rule claims so.
    `run` stands in for operators that no runtime knows any more. `hull`: exact are the ends along each axis, not positions.
    `exact` of None: either claim will do.
    """
    inputs = {name: np.asarray(value) for name, value in inputs.items()}
    model = one_node(op_type, inputs, constants, **node)
    feeds = {n: v for n, v in inputs.items() if n not in constants}
    run = run or runner(model)
    results = run(feeds)
    program = lower(graph_of(model, feeds, results), weights)
    names = [n for n in feeds if feeds[n].dtype.kind == "f"] if vary is None else list(vary)
    outputs = {o.name: r for o, r in zip(model.graph.output, results, strict=True)}
    compare(program, measured(run, feeds, names, deltas, trials), outputs, exact, hull)
    return program


def probe_model(
    model: onnx.ModelProto,
    feeds: Mapping[str, np.ndarray],
    vary: Sequence[str] | None = None,
    exact: bool | Sequence[bool] | None = True,
    deltas: Sequence[float] = (0.75, -3.0, 40.0),
    trials: int = 3,
    weights: Weights = "structure",
    run: Run | None = None,
) -> Program:
    """Check the outputs of a whole model, loaded as the user's are. `run` stands in for operators that no runtime knows."""
    run = run or runner(model)
    results = run(dict(feeds))
    program = lower(load(model, {name: value.shape for name, value in feeds.items()}), weights)
    names = [n for n in feeds if feeds[n].dtype.kind == "f"] if vary is None else list(vary)
    outputs = {o.name: r for o, r in zip(model.graph.output, results, strict=True)}
    compare(program, measured(run, feeds, names, deltas, trials), outputs, exact)
    return program


def compare(
    program: Program,
    dependence: Mapping[str, list[np.ndarray]],
    outputs: Mapping[str, np.ndarray],
    exact: bool | Sequence[bool] | None,
    hull: bool = False,
) -> None:
    """Sound: what changes an output must be read. Exact, where `exact` says so: what is read changes it, and that is claimed."""
    seen = program_reads(program)
    claims = exactness(program)
    shapes = dict(program.inputs)
    for index, (output, result) in enumerate(outputs.items()):
        wanted = exact if exact is None or isinstance(exact, bool) else exact[index]
        claimed, note = claims.get(output, (True, ""))
        for name, masks in dependence.items():
            read = mask(seen.get(output, {}).get(name), result.shape, shapes[name])
            missed = np.argwhere(masks[index] & ~read)
            assert not len(missed), f"unsound: {output} <- {name} at {missed[0]} ({len(missed)} in all)"
            rank = len(shapes[name])
            extra = np.argwhere(box(read, rank) & ~box(masks[index], rank) if hull else read & ~masks[index])
            assert not (wanted and len(extra)), f"loose: {output} <- {name} at {extra[0]} ({len(extra)} in all)"
        assert wanted in (None, claimed), f"{output} claims exact={claimed}, {note}"
        assert claimed or note


def box(mask: np.ndarray, rank: int) -> np.ndarray:
    """The mask, filled up to the box around what each output position reads; `rank`: of the input, whose axes come last."""
    axes = tuple(range(mask.ndim - rank, mask.ndim))
    filled = np.ones_like(mask)
    for axis in axes:
        seen = mask.any(axis=tuple(i for i in axes if i != axis), keepdims=True)
        since = np.maximum.accumulate(seen, axis=axis)
        until = np.flip(np.maximum.accumulate(np.flip(seen, axis), axis=axis), axis)
        filled &= since & until
    return filled


def exactness(program: Program) -> dict[str, tuple[bool, str]]:
    """By tensor: exact when it is and all that it reads are; else with the first note on the way."""
    claims = [(True, "")] * len(program.inputs)
    for tensor in program.tensors:
        doubts = [claims[source] for source, _ in tensor.paths if not claims[source][0]]
        own = [] if tensor.exact else [(False, tensor.note)]
        claims.append((own + doubts + [(True, "")])[0])
    return {tensor.name: claim for tensor, claim in zip(program.tensors, claims[len(program.inputs) :], strict=True)}


def values(*shape: int, seed: int = 0) -> np.ndarray:
    """Seeded normal float32 values."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)
