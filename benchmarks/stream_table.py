"""Streams of nets of all kinds: unit, delay, error, states, masks, nodes. Made nets; files of the corpus, whose large weights are
drawn; what `torch_streams.py` exported; and real files, where they are given.

python benchmarks/stream_table.py [--only WORD] [--corpus FOLDER] [--exports FOLDER] [--silero FILE] [--basic-pitch FILE]
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from math import prod
from pathlib import Path

import numpy as np
import onnx
from measure import table
from onnx import TensorProto, numpy_helper
from stream_nets import sub_pixel, tasnet, wavenet

import rfonnx
from rfonnx.streaming.branches import nodes_of
from streaming.nets import NETS, codec

CORPUS = {
    "jax_tcn": 1,
    "tcn_ts13": 2,
    "wavenet_valid_dy18": 2,
    "convtasnet_bn_dy18": 2,
    "unet1d_ts13": 2,
    "demucs_lstm_ts17": 2,
    "hifigan_dy18": 2,
    "conformer_ts17": 1,
    "hf_mistral_swa_dy20": 1,
    "dilnet_ts17": 2,
    "jax_fcn_nhwc": 1,
}
"""Files, and their axes of frames; the last two are images, streamed by rows."""

EXPORTS = {"demucs_nolstm": 2, "conformer_local": 1}
"""The same of what PyTorch exported; each of one length, of any (`_any`), and by its newer exporter (`_new`)."""

Given = onnx.ModelProto | str
Row = tuple[str, Callable[[], Given], int | Mapping[str, int], dict[str, object]]


def main() -> None:
    """Prints the table of docs/benchmarks.md."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--corpus", type=Path)
    words.add_argument("--exports", type=Path)
    words.add_argument("--only", default="", help="nets in whose name this is")
    words.add_argument("--silero", type=Path)
    words.add_argument("--basic-pitch", type=Path)
    asked = words.parse_args()
    rows: list[list[object]] = []
    for name, make, axis, more in nets(asked):
        if asked.only not in name:
            continue
        begin = time.perf_counter()
        rows.append([name, *judged(make(), axis, more), f"{time.perf_counter() - begin:.0f}"])
        print(rows[-1], flush=True)
    head = ["model", "unit", "largest error", "delay (least)", "states, KiB", "masks", "nodes", "seen alike", "s"]
    table(head, rows)


def nets(asked: argparse.Namespace) -> Iterator[Row]:
    """Every net: its name, what makes it, what is streamed, and what else is asked for."""
    for name, (make, axis, _, _) in NETS.items():
        yield name, make, axis, {}
    yield "codec, reflected", lambda: codec("reflect", False), 2, {}
    yield "codec, edges repeated", lambda: codec("edge", False), 2, {}
    yield "WaveNet with skips", lambda: wavenet(8, (1, 2, 4, 8)), 2, {}
    yield "ConvTasNet", lambda: tasnet(16, False), 2, {}
    yield "ConvTasNet, cumulative norm", lambda: tasnet(16, True), 2, {}
    yield "sub-pixel", lambda: sub_pixel(8), 2, {}
    for name, axis in CORPUS.items() if asked.corpus else ():
        yield f"corpus: {name}", lambda name=name: drawn(asked.corpus / f"{name}.onnx"), axis, {}  # type: ignore[misc]
    for name, axis in EXPORTS.items() if asked.exports else ():
        for how in ("", "_any", "_new"):
            yield f"torch: {name}{how}", lambda file=f"{name}{how}.onnx": str(asked.exports / file), axis, {}  # type: ignore[misc]
    if asked.silero:
        yield "silero-vad, sequence file", lambda: str(asked.silero), {"input": 0}, {}
    if asked.basic_pitch:
        before = "model_1/normalized_log_1/mul;model_1/normalized_log_1/mul"
        yield "basic-pitch, to its normaliser", lambda: str(asked.basic_pitch), 1, {"outputs": [before]}
        behind = "model_1/normalized_log_1/Reshape_2;model_1/normalized_log_1/Reshape_2"
        yield "basic-pitch, behind its normaliser", lambda: str(asked.basic_pitch), 1, {"after": behind}


def drawn(path: Path) -> onnx.ModelProto:
    """A model with numbers in the place of weights that are not there."""
    model = onnx.load(path, load_external_data=False)
    rng = np.random.default_rng(0)
    for tensor in model.graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            shape = tuple(tensor.dims)
            value = rng.standard_normal(shape) / np.sqrt(max(1, prod(shape[1:])))
            dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
            tensor.CopyFrom(numpy_helper.from_array(value.astype(dtype), tensor.name))
    return model


def judged(model: Given, axis: int | Mapping[str, int], more: dict[str, object]) -> list[object]:
    """What verifying a stream of one unit shows, at several chunks and lengths."""
    try:
        plan = rfonnx.stream(
            model, axis if isinstance(axis, dict) else None, axis if isinstance(axis, int) else -1, **more
        )
    except rfonnx.RfonnxError as error:
        return ["-", f"refused: {str(error).partition(';')[0]}", "-", "-", "-", "-", "-"]
    found = plan.verify()
    delays = [f"{one.delay + one.held} ({one.least})" for one in plan.manifest.outputs]
    size = sum(prod(one.shape) * np.dtype(one.dtype).itemsize for one in plan.states)
    seen = found.structure
    alike = "-" if seen is None or seen.skipped else f"{seen.tensors} tensors" if not seen.differences else "no"
    error = f"{found.worst:.0e}" if found.passed else f"WRONG: {found.worst:.0e}"
    return [
        plan.unit,
        error,
        ", ".join(delays),
        f"{len(plan.states)}, {size / 1024:.1f}",
        plan.masks,
        len(nodes_of(plan.model)),
        alike,
    ]


if __name__ == "__main__":
    main()
