"""From any model to one that can be differentiated: functions inlined, opset raised, pruned, folded, every shape known.

1. Old opsets are converted up; opsets 13 to 16 are only relabelled, since 17 gives their operators no other meaning.
2. The graph is pruned to the tensors asked for, and the inputs' shapes are bound.
3. onnxruntime's *basic* optimisation folds BatchNormalization, constants, chains of Shape and static If nodes. What it
   leaves are plain ONNX operators; tensors that were asked for survive as graph outputs.
4. Where shapes are still open, or a pool rounds up (inference and runtime disagree there), one traced run measures them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import onnx.shape_inference
from onnx import ModelProto, TensorProto

from rfonnx import runtime
from rfonnx.errors import ModelError, QueryError
from rfonnx.gradient.forward import Forward, read_forward
from rfonnx.gradient.weights import with_weights, without_weights
from rfonnx.graph.bind import Shapes, bind
from rfonnx.graph.convert import plain_domain
from rfonnx.graph.external import is_external, read_tensor
from rfonnx.graph.order import reads, sort
from rfonnx.graph.read import Source, name_of, read_model
from rfonnx.graph.tensors import is_static, read_type
from rfonnx.graph.text import did_you_mean, quote

LOWEST = 17
"""The lowest opset that gradient graphs are written for: it has every operator that rules emit."""


def prepare(source: Source, tensors: Sequence[str], shapes: Shapes | None = None) -> Forward:
    """Prepare a model for gradients of some of its tensors.

    Args:
        source: path, bytes or ModelProto (not changed).
        tensors: names in the file of the tensors to be differentiated or whose gradients are wanted.
        shapes: as in `rfonnx.analyze`.

    Raises:
        ModelError: it is no model, its weights are missing, or onnxruntime cannot run it.
        QueryError: a tensor is not in the model.
        ShapeError: a dimension is unbound.
    """
    proto, _, folder = read_model(source)
    name = name_of(source)
    model = ModelProto()
    model.CopyFrom(proto)
    for tensor in model.graph.initializer:
        if is_external(tensor):
            value = read_tensor(tensor, folder)
            if value is None:
                raise ModelError(
                    f"{name}: the weights of {quote(tensor.name)} are missing: they lie in an external file that is not there",
                    "put the file beside the model; gradients need the weights",
                )
            tensor.CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))
    if model.functions:
        from onnx import inliner

        model = inliner.inline_local_functions(model)
    prune(model, tensors, name)
    model = raise_opset(model, name)
    bound = bind_shapes(model, shapes)
    model = runtime.optimize(model, name)
    return finish(model, bound, name)


def finish(model: ModelProto, bound: Mapping[str, tuple[int, ...]], name: str) -> Forward:
    """Find the types that are not known, by inference or else by a traced run, and read the graph."""
    graph = model.graph
    known = {i.name: read_type(i.type) for i in (*graph.value_info, *graph.output)}
    made = [o for node in graph.node for o in node.output if o]
    missing = [t for t in made if t not in known or not known[t][1] or not is_static(known[t][2])]
    if missing:
        inferred = onnx.shape_inference.infer_shapes(without_weights(model)[0]).graph
        known.update((i.name, read_type(i.type)) for i in (*inferred.value_info, *inferred.output) if i.name in missing)
        missing = [t for t in missing if t not in known or not known[t][1] or not is_static(known[t][2])]
    rounding = any(a.name == "ceil_mode" and a.i for node in graph.node for a in node.attribute)
    if missing or rounding:
        known.update(runtime.trace_types(model, sample_inputs(model, bound), made, name))
    return read_forward(model, {t: (dtype, shape) for t, (dtype, _, shape) in known.items()}, name)


def sample_inputs(model: ModelProto, bound: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Inputs for a traced run: small positive numbers, zeros for integers (they may be token ids)."""
    feeds = {}
    for entry in model.graph.input:
        dtype = onnx.helper.tensor_dtype_to_np_dtype(entry.type.tensor_type.elem_type)
        feeds[entry.name] = np.full(bound[entry.name], 0.1).astype(dtype)
    return feeds


def prune(model: ModelProto, tensors: Sequence[str], name: str) -> None:
    """Drop what the tensors do not need; they become the graph's outputs.

    Raises:
        QueryError: a tensor is not in the model.
    """
    graph = model.graph
    stored = {t.name: t for t in graph.initializer}
    inputs = [i for i in graph.input if i.name not in stored]
    nodes = sort(graph.node, [*(i.name for i in inputs), *stored], [])
    maker = {o: node for node in nodes for o in node.output if o}
    for tensor in tensors:
        if tensor not in maker and all(tensor != i.name for i in inputs):
            what = "is a constant" if tensor in stored else "is not in the model"
            raise QueryError(f"{name}: tensor {quote(tensor)} {what}", did_you_mean(tensor, maker))
    wanted, pending = set(), list(tensors)
    while pending:
        tensor = pending.pop()
        if tensor not in wanted:
            wanted.add(tensor)
            if tensor in maker:
                pending.extend(reads(maker[tensor]))
    kept = [node for node in nodes if any(o in wanted for o in node.output)]
    weights = [t for t in graph.initializer if t.name in wanted]
    types = {i.name: i for i in (*graph.value_info, *graph.output)}
    outputs = [onnx.ValueInfoProto(name=t) for t in dict.fromkeys(tensors) if t in maker]
    for output in outputs:  # the type, never the shape: it may be wrong
        elem = types[output.name].type.tensor_type.elem_type if output.name in types else 0
        if elem:
            output.type.tensor_type.elem_type = elem
    for field, values in (
        ("node", kept),
        ("initializer", weights),
        ("input", inputs),
        ("output", outputs),
        ("value_info", []),
    ):
        entries = list(values)
        graph.ClearField(field)
        getattr(graph, field).extend(entries)


def raise_opset(model: ModelProto, name: str) -> ModelProto:
    """The model at opset 17 or later."""
    entry = next((e for e in model.opset_import if plain_domain(e.domain) == ""), None)
    if entry is None:
        model.opset_import.add(domain="", version=LOWEST)
        return model
    if entry.version > runtime.MAX_OPSET:
        raise ModelError(
            f"{name}: the model uses ai.onnx opset {entry.version}, but onnxruntime takes at most {runtime.MAX_OPSET}",
            "export it with a lower opset",
        )
    if entry.version < 13:
        model = _convert(model, name)
        entry = next(e for e in model.opset_import if plain_domain(e.domain) == "")
    if entry.version < LOWEST:
        for node in model.graph.node:
            # the one default that changed: RoiAlign shifts coordinates by half a pixel from opset 16
            if node.op_type == "RoiAlign" and entry.version < 16:
                node.attribute.append(onnx.helper.make_attribute("coordinate_transformation_mode", "output_half_pixel"))
        entry.version = LOWEST
    model.ir_version = max(model.ir_version, 8)
    return model


def _convert(model: ModelProto, name: str) -> ModelProto:
    """onnx's version converter, without the large weights, which it would copy several times."""
    from onnx import version_converter

    light, large = without_weights(model)
    try:
        converted: ModelProto = version_converter.convert_version(light, 13)
    except Exception as error:  # the converter raises RuntimeError and its own types
        raise ModelError(
            f"{name}: onnx cannot convert the model to opset 13 ({runtime.one_line(error)})",
            "export it with opset 17 or later",
        ) from None
    return with_weights(converted, large)


def bind_shapes(model: ModelProto, shapes: Shapes | None) -> dict[str, tuple[int, ...]]:
    """Write the bound shapes into the inputs; all of them, by name."""
    binding = bind(model.graph.input, shapes)
    for entry in model.graph.input:
        if entry.name in binding.shapes:
            dims = entry.type.tensor_type.shape
            dims.ClearField("dim")
            for n in binding.shapes[entry.name]:
                dims.dim.add(dim_value=n)
    return dict(binding.shapes)


def float_inputs(forward: Forward) -> list[str]:
    """Inputs that can have a gradient."""
    floats = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
    return [i.name for i in forward.model.graph.input if i.type.tensor_type.elem_type in floats]
