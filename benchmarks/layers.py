"""Does `compare --layers` name the damaged layer? Real models, damaged in one layer and optimised or quantised afterwards.

    python benchmarks/layers.py cls.onnx --shape 1,3,48,192 --flows none,basic,extended,qdq,qoperator,dynamic

For each flow the undamaged student comes first: nothing should be named where its outputs agree. Then a few layers are
damaged, one at a time (weights x1.5, output channels moved), and what is named is counted: the layer alone, the layer among
others, another one, or nothing. `--debug` adds onnxruntime.quantization.qdq_loss_debug on the same pairs ("qdq" only): the
tensor with its largest error between the models. Samples are smooth noise from a fixed seed.
"""

from __future__ import annotations

import argparse
import copy
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper, version_converter
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    qdq_loss_debug,
    quantize_dynamic,
    quantize_static,
)

import rfonnx
from rfonnx.comparing.layers.layer_kinds import kind_of, sums_products
from rfonnx.comparing.layers.wiring import Wiring
from rfonnx.model.runtime import optimize

FOLLOWERS = 4
"""Layers behind a damaged one that its last tensor may be, as long as one operator alone reads each."""


class Samples(CalibrationDataReader):
    """The samples, for onnxruntime's quantiser."""

    def __init__(self, name: str, arrays: list[np.ndarray]) -> None:
        self._left: Iterator[dict[str, np.ndarray]] = iter([{name: array} for array in arrays])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._left, None)


def pictures(shape: list[int], count: int = 4) -> list[np.ndarray]:
    """Smooth noise."""
    draw = np.random.default_rng(0)
    coarse = [draw.normal(size=(*shape[:2], *(-(-n // 8) for n in shape[2:]))) for _ in range(count)]
    fine = [np.kron(array, np.ones([8] * (len(shape) - 2))) for array in coarse]
    cut = (slice(None), slice(None), *(slice(n) for n in shape[2:]))
    return [(array[cut] + 0.2 * draw.normal(size=shape)).astype("f") for array in fine]


def student(net: onnx.ModelProto, flow: str, folder: Path, name: str, arrays: list[np.ndarray]) -> onnx.ModelProto:
    """What the flow makes of a model."""
    if flow == "none":
        return net
    if flow in ("basic", "extended"):
        target = folder / "optimised.onnx"
        settings = onnxruntime.SessionOptions()
        level = onnxruntime.GraphOptimizationLevel
        settings.graph_optimization_level = level.ORT_ENABLE_BASIC if flow == "basic" else level.ORT_ENABLE_EXTENDED
        settings.optimized_model_filepath, settings.log_severity_level = str(target), 4
        onnxruntime.InferenceSession(net.SerializeToString(), settings, providers=["CPUExecutionProvider"])
        return onnx.load(target)
    source, target = folder / "float.onnx", folder / "quantised.onnx"
    onnx.save(optimize(net), source)
    if flow == "dynamic":
        quantize_dynamic(source, target, weight_type=QuantType.QUInt8)
    else:
        form = QuantFormat.QOperator if flow == "qoperator" else QuantFormat.QDQ
        types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QUInt8}
        quantize_static(source, target, Samples(name, arrays), quant_format=form, **types)
    return onnx.load(target)


def constant(net: onnx.ModelProto, name: str) -> onnx.TensorProto | None:
    """The tensor that holds a constant."""
    made = (node.attribute[0].t for node in net.graph.node if node.op_type == "Constant" and node.output[0] == name)
    return next((tensor for tensor in net.graph.initializer if tensor.name == name), next(made, None))


def damaged(net: onnx.ModelProto, output: str, how: str) -> onnx.ModelProto:
    """With the weight of one layer changed."""
    made = copy.deepcopy(net)
    node = next(node for node in made.graph.node if node.output[0] == output)
    tensor = constant(made, node.input[1])
    assert tensor is not None
    weight = numpy_helper.to_array(tensor)
    moved = np.roll(weight, 1, 0 if node.op_type == "Conv" else -1)
    tensor.CopyFrom(numpy_helper.from_array(weight * np.float32(1.5) if how == "scaled" else moved, tensor.name))
    return made


def ends(wiring: Wiring, output: str) -> set[str]:
    """Tensors that a layer may end in."""
    found = [output]
    while len(found) <= FOLLOWERS and len(wiring.readers.get(found[-1], ())) == 1:
        found.append(wiring.readers[found[-1]][0].output[0])
    return set(found)


def loudest(teacher: Path, quantised: Path, name: str, arrays: list[np.ndarray]) -> str:
    """The tensor that qdq_loss_debug finds the largest error of."""
    found = []
    for path in (teacher, quantised):
        extended = path.with_suffix(".debug.onnx")
        qdq_loss_debug.modify_model_output_intermediate_tensors(str(path), str(extended), save_as_external_data=False)
        found.append(qdq_loss_debug.collect_activations(str(extended), Samples(name, arrays)))
    matched = qdq_loss_debug.create_activation_matching(found[1], found[0])
    errors = qdq_loss_debug.compute_activation_error(matched)
    return str(min(errors, key=lambda tensor: errors[tensor].get("xmodel_err", np.inf), default="nothing"))


def main() -> None:
    """Print a line per flow."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--shape", required=True, help="of the first input, 1,3,48,192")
    parser.add_argument("--flows", default="none,basic,extended,qdq,qoperator,dynamic")
    parser.add_argument("--layers", type=int, default=4, help="how many are damaged, chosen by a fixed seed")
    parser.add_argument("--debug", action="store_true")
    given = parser.parse_args()
    net = version_converter.convert_version(onnx.load(given.model), 13)
    net.ir_version = 8
    wiring, arrays = Wiring(net), pictures([int(n) for n in given.shape.split(",")])
    name = wiring.inputs[0]
    layers = [n.output[0] for n in wiring.nodes if sums_products(kind_of(n)) and constant(net, n.input[1]) is not None]
    chosen = random.Random(1).sample(layers, min(given.layers, len(layers)))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        teacher, target, data = folder / "teacher.onnx", folder / "student.onnx", folder / "samples.npy"
        onnx.save(net, teacher)
        onnx.save(optimize(net), folder / "reference.onnx")  # qdq_loss_debug needs the names of the quantised model
        np.save(data, np.concatenate(arrays))

        def named(model: onnx.ModelProto, flow: str) -> tuple[list[str], bool]:
            onnx.save(student(model, flow, folder, name, arrays), target)
            found = rfonnx.compare(teacher, target, data, layers=True, cost=False, effective=False, fields=False)
            assert found.parting is not None
            return [layer.teacher for layer in found.parting.damaged], found.passed

        for flow in given.flows.split(","):
            print(f"{given.model.name}, {flow}: undamaged, named {named(net, flow)[0] or 'nothing'}", flush=True)
            counts: Counter[str] = Counter()
            for layer in chosen:
                for how in ("scaled", "moved"):
                    got, agrees = named(damaged(net, layer, how), flow)
                    right = [tensor in ends(wiring, layer) for tensor in got]
                    empty = "nothing, outputs agree" if agrees else "nothing"
                    counts[
                        "alone" if got and all(right) else "among others" if any(right) else "another" if got else empty
                    ] += 1
                    if given.debug and flow == "qdq":
                        loud = loudest(folder / "reference.onnx", target, name, arrays)
                        counts["qdq_loss_debug right" if loud in ends(wiring, layer) else "qdq_loss_debug wrong"] += 1
            print(f"{given.model.name}, {flow}: {dict(counts)}", flush=True)


if __name__ == "__main__":
    main()
