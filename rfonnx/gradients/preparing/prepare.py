"""From any model to one that can be differentiated: functions inlined, opset raised, pruned, folded, every shape known.

1. The model in normal form is pruned to the tensors asked for, old opsets are converted up, and the inputs' shapes are bound.
2. onnxruntime's *basic* optimisation folds BatchNormalization, constants, chains of Shape and static If nodes. What it
   adds are plain ONNX operators; tensors that were asked for survive as graph outputs.
3. onnxruntime's fused, blocked and quantised operators become the standard ones that they stand for, and are folded again.
4. Loops that were too long for the normal form are written out, and branches that data decide; then all is folded again.
5. Where shapes are still open, or inference and runtime disagree (a pool that rounds up), one traced run measures them.
6. Operators without a rule are replaced by their function bodies, where the specification gives one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import onnx.shape_inference
from onnx import ModelProto, TensorProto

from rfonnx.errors import QueryError, RfonnxError
from rfonnx.gradients.decompose import decomposable, decompose
from rfonnx.gradients.forward import Forward, read_forward
from rfonnx.gradients.preparing.bodies import inline_bodies
from rfonnx.gradients.preparing.large_weights import LightModel, as_inputs, as_stubs, lighten, stubbed
from rfonnx.gradients.preparing.opset import raise_opset
from rfonnx.gradients.preparing.renaming import rename, set_apart
from rfonnx.gradients.preparing.rounding import round_down
from rfonnx.graph.order import needed, reads, sort, stored_names, true_inputs
from rfonnx.graph.tensors import FLOATS, Types, is_static, read_type
from rfonnx.graph.text import did_you_mean, quote
from rfonnx.model import runtime
from rfonnx.model.building.limits import MANY
from rfonnx.model.building.main_graph import build
from rfonnx.model.building.normal import is_normal, normal_form
from rfonnx.model.opened import Source, opened
from rfonnx.model.reading.bind import Shapes, bind, write_lengths
from rfonnx.results.fields import Shape

FREE_CAST = "InsertedPrecisionFreeCast_"
"""onnxruntime drops casts of this name, and with them the rounding to half precision, for some readers of a tensor and not for
others: what an operator took and what it gave would no longer be comparable, and no operand of a Max would be the maximum."""


def prepare(source: Source, tensors: Sequence[str], shapes: Shapes | None = None, name: str | None = None) -> Forward:
    """Prepare a model for gradients of some of its tensors.

    Args:
        source: path, bytes or ModelProto (not changed).
        tensors: names in the file of the tensors to be differentiated or whose gradients are wanted.
        shapes: as in `rfonnx.analyze`.
        name: what messages call the model; None: the path.

    Raises:
        ModelError: it is no model, its weights are missing, or onnxruntime cannot run it.
        QueryError: a tensor is not in the model.
        ShapeError: a dimension is unbound.
    """
    read = opened(source)
    model = lighten(read.proto, name or read.label, read.folder, normal=read.normal(shapes))
    prune(model, tensors)
    raise_opset(model)
    bound = bind_shapes(model.proto, shapes)
    model = optimized(model)
    if decomposable(model.proto):
        decompose(model.proto, _measured(model, bound))
        model = optimized(model)
    return finish(written_out(model), bound)


def written_out(model: LightModel) -> LightModel:
    """The model with long loops written out, and a choice between both branches where data decide. What cannot be written out
    stays, for the reverse walk to refuse it by name."""
    if is_normal(model.proto):
        return model
    try:
        built = build(model.proto, model.name, None, None, {}, MANY)
    except RfonnxError:  # over the limits, or a shape that inference does not allow in a branch that is never taken
        return model
    normal = normal_form(built, built.graph.outputs)
    return optimized(lighten(model.proto, model.name, weights=model.weights, normal=normal))


def optimized(model: LightModel) -> LightModel:
    """The model as onnxruntime folds it. Weights that only matrix products and the like read have nothing to fold into them:
    they are left out meanwhile, since what goes through the optimiser is copied several times. No constant has a name that the
    optimiser would give again."""
    set_apart(model)
    plain = {"Gather", "Gemm", "GRU", "LSTM", "MatMul", "RNN"}
    read_by: dict[str, set[str]] = {}
    for node in model.proto.graph.node:
        for name in reads(node):
            read_by.setdefault(name, set()).add(node.op_type)
    aside = {name for name in model.weights if read_by.get(name, set()) <= plain}
    proto = as_inputs(model.proto, aside)
    folded = runtime.optimize(proto, stubbed(proto, model.weights), model.name)
    _rejoin(folded.graph)
    for node in folded.graph.node:
        if node.name.startswith(FREE_CAST):
            node.name = ""
    made = lighten(folded, model.name)
    restored = {name: model.weights[name] for name in aside}
    as_stubs(made.proto, restored)
    made.weights.update(restored)
    set_apart(made)
    return made


def _rejoin(graph: onnx.GraphProto) -> None:
    """Where outputs in half precision are but casts of what others read, these read the outputs again, in place: else no path
    would lead through a tensor that was asked for."""
    outputs = {o.name for o in graph.output}
    casts = {n.input[0]: n for n in graph.node if n.name.startswith(FREE_CAST) and n.output[0] in outputs}
    casts = {wide: cast for wide, cast in casts.items() if cast.op_type == "Cast"}
    if not casts:
        return
    backs = {wide: f"{wide}/rounded" for wide in casts}
    aside = {cast.output[0] for cast in casts.values()}
    nodes = []
    for node in graph.node:
        if node.output[0] in aside:
            continue
        made_here = set(node.output) & casts.keys()
        nodes.append(rename(node, {wide: back for wide, back in backs.items() if wide not in made_here}))
        for wide in made_here:
            cast = casts[wide]
            back = onnx.helper.make_node("Cast", [cast.output[0]], [backs[wide]], to=TensorProto.FLOAT)
            nodes.extend([cast, back])
    made = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    graph.ClearField("node")
    graph.node.extend(made)


def types_of(model: LightModel) -> Types:
    """Types of tensors as far as the file or inference tells them."""
    graph = model.proto.graph
    known: Types = {i.name: read_type(i.type) for i in (*graph.value_info, *graph.output, *graph.input)}
    if any(o and not _complete(known.get(o)) for node in graph.node for o in node.output):
        inferred = onnx.shape_inference.infer_shapes(model.proto).graph
        for info in (*inferred.value_info, *inferred.output):
            if not _complete(known.get(info.name)):
                known[info.name] = read_type(info.type)
    return known


def _complete(entry: tuple[str, int, Shape] | None) -> bool:
    return entry is not None and bool(entry[1]) and is_static(entry[2])


def finish(model: LightModel, bound: Mapping[str, tuple[int, ...]]) -> Forward:
    """Find the types that are not known, by inference or else by a traced run, and read the graph."""
    forward = _read(model, bound)
    if inline_bodies(model, forward):
        forward = _read(optimized(model), bound)
    return forward


def _read(model: LightModel, bound: Mapping[str, tuple[int, ...]]) -> Forward:
    known = _measured(model, bound)
    round_down(model.proto, known)
    return read_forward(model, {t: (dtype, shape) for t, (dtype, _, shape) in known.items()})


def _measured(model: LightModel, bound: Mapping[str, tuple[int, ...]]) -> Types:
    """Types of all tensors, by a traced run where inference does not tell them, or may be wrong."""
    graph = model.proto.graph
    known = types_of(model)
    made = [o for node in graph.node for o in node.output if o]
    if any(_misjudged(node) for node in graph.node) or not all(_complete(known.get(name)) for name in made):
        known.update(_traced(model, sample_inputs(model.proto, bound), made))
        if any(node.op_type in COUNTING for node in graph.node):
            _open_counted(known, _traced(model, sample_inputs(model.proto, bound, seed=0), made))
    return known


def _misjudged(node: onnx.NodeProto) -> bool:
    """Whether inference may be wrong about a shape: of pools that round up, of dilated ones padded to the SAME length, of
    ConvTranspose to a given shape (a wrong rank where the result is smaller than the input), of STFT that is onesided by default.
    """
    attrs = {a.name: a for a in node.attribute}
    same = "auto_pad" in attrs and attrs["auto_pad"].s.startswith(b"SAME") and "dilations" in attrs
    rounds_up = "ceil_mode" in attrs and bool(attrs["ceil_mode"].i)
    return same or rounds_up or "output_shape" in attrs or node.op_type == "STFT"


COUNTING = {"Compress", "Loop", "NonMaxSuppression", "NonZero", "Range", "Unique"}
"""Operators whose result's shape may depend on values: one traced run says nothing about the next."""


def _traced(model: LightModel, feeds: Mapping[str, np.ndarray], tensors: Sequence[str]) -> Types:
    return dict(runtime.trace_types(model.proto, feeds, tensors, model.kept(), model.name))


def _open_counted(known: Types, other: Types) -> None:
    """Lengths that differ between two traced runs depend on data: None, in place."""
    for name, (_, _, shape) in other.items():
        dtype, elem, first = known[name]
        if first is not None and shape is not None and first != shape:
            same_rank = len(first) == len(shape)
            pairs = zip(first, shape, strict=True) if same_rank else ()
            known[name] = dtype, elem, tuple(n if n == m else None for n, m in pairs) if same_rank else None


def sample_inputs(
    model: ModelProto, bound: Mapping[str, tuple[int, ...]], seed: int | None = None
) -> dict[str, np.ndarray]:
    """Inputs for a traced run: small positive numbers, or normal ones; zeros for integers (they may be token ids)."""
    feeds = {}
    rng = np.random.default_rng(seed)
    for entry in model.graph.input:
        dtype = onnx.helper.tensor_dtype_to_np_dtype(entry.type.tensor_type.elem_type)
        shape = bound[entry.name]
        value = np.full(shape, 0.1) if seed is None or dtype.kind in "iub" else np.asarray(rng.standard_normal(shape))
        feeds[entry.name] = value.astype(dtype)
    return feeds


def prune(model: LightModel, tensors: Sequence[str]) -> None:
    """Drop what the tensors do not need; they become the graph's outputs.

    Raises:
        QueryError: a tensor is not in the model.
    """
    graph = model.proto.graph
    stored, inputs = stored_names(graph), true_inputs(graph)
    nodes = sort(graph.node, [*(i.name for i in inputs), *stored], [])
    maker = {o: node for node in nodes for o in node.output if o}
    for tensor in tensors:
        if tensor not in maker and all(tensor != i.name for i in inputs):
            what = "is a constant" if tensor in stored else "is not in the model"
            raise QueryError(f"{model.name}: tensor {quote(tensor)} {what}", did_you_mean(tensor, maker))
    kept, wanted = needed(nodes, tensors)
    types = {i.name: i for i in (*graph.value_info, *graph.output)}
    outputs = [onnx.ValueInfoProto(name=t) for t in dict.fromkeys(tensors) if t in maker]
    for output in outputs:  # the type, never the shape: it may be wrong
        elem = types[output.name].type.tensor_type.elem_type if output.name in types else 0
        if elem:
            output.type.tensor_type.elem_type = elem
    constants = [t for t in graph.initializer if t.name in wanted]
    for field, entries in (("node", kept), ("initializer", constants), ("input", inputs), ("output", outputs)):
        graph.ClearField(field)
        getattr(graph, field).extend(entries)
    graph.ClearField("value_info")
    model.weights = model.kept()


def bind_shapes(model: ModelProto, shapes: Shapes | None) -> dict[str, tuple[int, ...]]:
    """Write the bound shapes into the inputs; all of them, by name."""
    binding = bind(model.graph.input, shapes)
    write_lengths(model.graph.input, binding.shapes)
    return dict(binding.shapes)


def float_inputs(forward: Forward) -> list[str]:
    """Inputs that can have a gradient."""
    return [name for name in forward.graph.inputs if forward.graph.dtypes[name] in FLOATS]
