"""onnxruntime: the only module that imports it. Sessions, providers, the optimised copy of a model, traced runs.

Settings, measured on models of 5 to 130 million parameters: memory patterns off (they plan one block for all tensors at once,
which nearly doubles the peak of a gradient graph and is no faster); the arena on (without it runs take up to twice as long).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import onnx

from rfonnx.errors import ModelError, QueryError, RfonnxError, RunError
from rfonnx.graph.tensors import DTYPES
from rfonnx.graph.text import quote
from rfonnx.model.reading.endless import refuse_endless
from rfonnx.system import scratch
from rfonnx.system.cores import asked_threads

if TYPE_CHECKING:
    import onnxruntime

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# onnxruntime 1.32 writes a device id and a database of events into the user's cache folder when it is imported, and its
# binary names an upload host. Set before any import of it here; who sets the variable to another value has chosen.

Level = Literal["none", "basic", "all"]

MAX_OPSET, MAX_IR = 26, 13
"""What onnxruntime takes; onnx itself writes newer ones by default."""

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "rocm": "ROCMExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "qnn": "QNNExecutionProvider",
    "webgpu": "WebGpuExecutionProvider",
}


def provider_names(providers: str | Sequence[str] | None) -> list[str]:
    """onnxruntime's names of execution providers, the CPU last, which takes what the others cannot.

    Args:
        providers: short names ("cuda") or onnxruntime's own; None: the CPU.

    Raises:
        QueryError: one of them is not in this build of onnxruntime.
    """
    import onnxruntime as ort

    given = [providers] if isinstance(providers, str) else list(providers or ["cpu"])
    names = [PROVIDERS.get(name.lower(), name) for name in given]
    available = ort.get_available_providers()
    for short, name in zip(given, names, strict=True):
        if name not in available:
            raise QueryError(
                f"provider '{short}' is not in this build of onnxruntime, which has {', '.join(available)}",
                "install the onnxruntime package for it, or leave the provider out",
            )
    return list(dict.fromkeys([*names, "CPUExecutionProvider"]))


def options(level: Level = "all", threads: int | None = None) -> onnxruntime.SessionOptions:
    """Session options as this project uses them. `threads`: of one operator; None: as the environment says, else one per core."""
    import onnxruntime as ort

    made = ort.SessionOptions()
    made.graph_optimization_level = {
        "none": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
        "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
        "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
    }[level]
    made.enable_mem_pattern = False
    made.log_severity_level = 4  # what fails is raised, in words of our own
    if threads is None:
        threads = asked_threads()
    if threads is not None:
        made.intra_op_num_threads = threads
    return made


def open_session(
    model: onnx.ModelProto | bytes | str | os.PathLike[str],
    *,
    level: Level = "all",
    providers: str | Sequence[str] | None = None,
    threads: int | None = None,
    name: str = "model",
    folder: str | os.PathLike[str] | None = None,
    weights: Mapping[str, np.ndarray] | None = None,
    without: Sequence[str] = (),
) -> onnxruntime.InferenceSession:
    """A session.

    Args:
        model: ModelProto, bytes or path.
        level: of graph optimisation.
        providers: see `provider_names`.
        threads: of one operator; None: one per core.
        name: what messages call the model.
        folder: where the external data of a ModelProto or bytes lies.
        weights: the data of initializers that the model declares as external, instead of files; not copied.
        without: names of onnxruntime's optimisers that are left out.

    Raises:
        ModelError: onnxruntime cannot load the model; the message is its own, in one line.
        QueryError: see `provider_names`.
    """
    settings = options(level, threads)
    if folder is not None:
        settings.add_session_config_entry(
            "session.model_external_initializers_file_folder_path", _utf8(str(os.fspath(folder)), name)
        )
    return _open(model, settings, provider_names(providers), weights or {}, name, without)


def _open(
    model: onnx.ModelProto | bytes | str | os.PathLike[str],
    settings: onnxruntime.SessionOptions,
    providers: list[str],
    weights: Mapping[str, np.ndarray],
    name: str,
    without: Sequence[str] = (),
) -> onnxruntime.InferenceSession:
    import onnxruntime as ort

    if weights:
        arrays = [ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(value)) for value in weights.values()]
        settings.add_external_initializers(list(weights), arrays)

    if isinstance(model, onnx.ModelProto):
        refuse_endless(model, name)  # opening alone may run it: what is constant is folded
        try:
            source: bytes | str = model.SerializeToString()
        except Exception as error:  # protobuf raises its own types, by implementation
            raise ModelError(
                f"{name}: the model cannot be serialised ({one_line(error)})", "is it over 2 GiB?"
            ) from None
    else:
        source = model if isinstance(model, bytes) else _utf8(str(os.fspath(model)), name)
    try:
        return ort.InferenceSession(source, settings, providers=providers, disabled_optimizers=list(without) or None)
    except Exception as error:  # onnxruntime's exceptions share no base class of their own
        unknown = _unknown_operator(str(error), model)
        if unknown:
            raise ModelError(
                f"{name}: {unknown} is of an operator that onnxruntime {ort.__version__} does not have",
                "choose a tensor that is computed without it, or give a provider that has it",
            ) from None
        raise ModelError(
            f"{name}: onnxruntime {ort.__version__} cannot load the model ({one_line(error)})",
            "check the model with onnx.checker, or give a provider that has its operators",
        ) from None


def _utf8(path: str, name: str) -> str:
    """The path, which onnxruntime takes as UTF-8 alone.

    Raises:
        ModelError: it is not.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ModelError(f"{name}: the path is not UTF-8, and onnxruntime takes no other", "rename it") from None
    return path


def _unknown_operator(message: str, model: object) -> str:
    """The node that onnxruntime knows no operator for, by its message, or ""."""
    said, told, _ = message.partition(" is not a registered function/op")
    # The end alone: a file may have a name of a megabyte, over which a search would take quadratic time.
    found = re.search(r"([\w.]*):(\w+)\(-?\d+\)$", said[-MAX_KIND:]) if told else None
    if found is None or not isinstance(model, onnx.ModelProto):
        return ""
    domain, op_type = found.groups()
    for node in model.graph.node:
        if node.op_type == op_type and node.domain in (domain, "" if domain == "ai.onnx" else domain):
            return f"node {quote(node.name or node.output[0])} ({domain}.{op_type})"
    return ""


def run(
    session: onnxruntime.InferenceSession,
    outputs: Sequence[str] | None,
    feeds: Mapping[str, np.ndarray],
    name: str = "model",
) -> list[np.ndarray]:
    """Run a session.

    Raises:
        RunError: onnxruntime refuses the inputs, or a node fails on them; the message is its own, in one line.
    """
    try:
        return list(session.run(outputs, dict(feeds)))
    except Exception as error:  # see `_open`
        raise RunError(
            f"{name}: onnxruntime cannot run the model ({one_line(error)})", "check the inputs' shapes and types"
        ) from None


MAX_KIND = 400
"""Characters of the longest domain and operator that onnxruntime's messages are searched for."""

ALTERING = ("WeightBiasQuantization",)
"""Optimisers that change what a model computes: this one rounds real weights that lie between quantised tensors to 8 bits."""


def optimize(
    model: onnx.ModelProto, weights: Mapping[str, np.ndarray] | None = None, name: str = "model", level: Level = "basic"
) -> onnx.ModelProto:
    """The model as onnxruntime's optimiser rewrites it: constants and BatchNormalizations folded, plain operators at "basic".
    It computes the same, and what reads a tensor still reads it: nothing is done to quantised parts, where weights would be
    rounded and every reader would get a DequantizeLinear of its own.

    Raises:
        ModelError: see `open_session`.
        RfonnxError: there is no room for the copy.
    """
    with scratch.folder() as folder:
        path = folder / "optimized.onnx"
        settings = options(level)
        settings.optimized_model_filepath = str(path)
        settings.add_session_config_entry("session.disable_quant_qdq", "1")
        try:
            _open(model, settings, ["CPUExecutionProvider"], weights or {}, name)
        except ModelError as error:
            if "serialization failed" not in str(error):
                raise
            raise RfonnxError(
                f"{name}: the optimised model cannot be written to {folder.parent}", "make room there, or set TMPDIR"
            ) from None
        return onnx.load(path)


def trace_types(
    model: onnx.ModelProto,
    feeds: Mapping[str, np.ndarray],
    tensors: Sequence[str],
    weights: Mapping[str, np.ndarray] | None = None,
    name: str = "model",
    folder: str | os.PathLike[str] | None = None,
) -> dict[str, tuple[str, int, tuple[int, ...]]]:
    """Types of tensors of the main graph, measured: numpy-style name, TensorProto element type, shape.

    Only shapes leave the run, so it needs no more memory than a forward run. The arguments are those of `open_session`.

    Raises:
        ModelError, RunError: see `open_session` and `run`.
    """
    traced = onnx.ModelProto()
    traced.CopyFrom(model)
    graph = traced.graph
    del graph.output[:]
    graph.output.extend(onnx.ValueInfoProto(name=tensor) for tensor in tensors)
    for index, tensor in enumerate(tensors):
        graph.node.append(onnx.helper.make_node("Shape", [tensor], [f"rfonnx/shape/{index}"]))
        graph.output.append(onnx.helper.make_tensor_value_info(f"rfonnx/shape/{index}", onnx.TensorProto.INT64, None))
    session = open_session(traced, level="none", weights=weights, name=name, folder=folder)
    shapes = run(session, [f"rfonnx/shape/{index}" for index in range(len(tensors))], feeds, name)
    types = {output.name: element_type(output.type) for output in session.get_outputs()}
    return {
        tensor: (DTYPES[types[tensor]], types[tensor], tuple(int(n) for n in shape))
        for tensor, shape in zip(tensors, shapes, strict=True)
    }


def element_type(text: str) -> int:
    """TensorProto element type of onnxruntime's "tensor(float)"; 0 for sequences and the like."""
    inner = text.removeprefix("tensor(").removesuffix(")").upper()
    return int(onnx.TensorProto.DataType.Value(inner)) if inner in onnx.TensorProto.DataType.keys() else 0  # noqa: SIM118


def one_line(error: object) -> str:
    """An exception's message in one line of at most 500 characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= 500 else text[:497] + "..."
