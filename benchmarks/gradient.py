"""What a gradient costs: over the plain forward run, over PyTorch's two, for many seeds, in memory, and to build.

python benchmarks/gradient.py [RUNS] [NET ...]        needs torch and onnxscript

All three run in turn in one process, with one thread each: onnxruntime on the model as it is, rfonnx's gradient session, and
PyTorch (weights frozen, gradient to the input alone). The ratios are medians of those of single turns.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
import warnings
from collections.abc import Callable

import numpy as np
import onnx
import torch
from light_nets import Twin, light
from measure import peak_megabytes, ratio, table
from onnx import ModelProto
from torch import nn
from torch_nets import NETS

from rfonnx.gradients import GradientSession
from rfonnx.gradients.build import build
from rfonnx.gradients.preparing import prepare
from rfonnx.gradients.preparing.prepare import float_inputs
from rfonnx.model import runtime

LIGHT_NETS = ["resnet50", "vgg19", "densenet121", "inception_v1", "shufflenet", "squeezenet"]
BATCHES = (1, 4)
SEEDS = 16


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    names = sys.argv[2:] or [*LIGHT_NETS, *NETS]
    torch.set_num_threads(1)
    rows = [row(name, batch, runs) for name in names for batch in BATCHES]
    table(
        ["net", "batch", "forward, ms", "with gradient", "ratio", "PyTorch, ms", "of PyTorch", "error", "build, s"],
        rows,
    )
    table(["net", f"{SEEDS} seeds one by one, ms", "together", "ratio"], [many(name) for name in names])
    table(["net", "forward, peak MiB", "with gradient", "ratio"], [peaks(name) for name in names])


def row(name: str, batch: int, runs: int) -> list[object]:
    """Times in turn, one kind after the other; the gradients of both must agree."""
    model, tensor, net, image = made(name, batch)
    begin = time.perf_counter()
    forward = prepare(model, [tensor])
    prepared = time.perf_counter()
    build(forward, tensor, float_inputs(forward))
    building = time.perf_counter() - prepared
    session = GradientSession(forward, tensor, threads=1)
    plain = runtime.open_session(model, threads=1)
    feeds = {next(iter(session.inputs)): image.numpy()}
    seed = np.random.default_rng(1).standard_normal(session.shape, np.float32)
    cotangent = torch.from_numpy(seed)

    def backward() -> torch.Tensor:
        x = image.clone().requires_grad_()
        (found,) = torch.autograd.grad(net(x), x, cotangent)
        return found

    ways: list[Callable[[], object]] = [lambda: plain.run(None, feeds), lambda: session.run(feeds, seed), backward]
    ours, theirs = next(iter(session.run(feeds, seed).values())), backward().numpy()
    error = float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))
    times = in_turn(ways, runs)
    short, long, other = (1e3 * float(np.median(t)) for t in times)
    made_in = f"{prepared - begin:.2f} + {building:.2f}"
    return [name, batch, short, long, ratio(times[1], times[0]), other, ratio(times[1], times[2]), error, made_in]


def in_turn(ways: list[Callable[[], object]], runs: int) -> list[list[float]]:
    times: list[list[float]] = [[] for _ in ways]
    for turn in range(runs + 2):
        for way, taken in zip(ways, times, strict=True):
            begin = time.perf_counter()
            way()
            if turn >= 2:
                taken.append(time.perf_counter() - begin)
    return times


def made(name: str, batch: int) -> tuple[ModelProto, str, nn.Module, torch.Tensor]:
    """The model, its last tensor, the same in PyTorch, an image."""
    torch.manual_seed(0)
    if name in NETS:
        make, side = NETS[name]
        net, image = make().eval(), torch.randn(batch, 3, side, side)
        buffer = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(net, (image,), buffer, opset_version=17, dynamo=False)
        model = onnx.load_from_string(buffer.getvalue())
        tensor = model.graph.output[0].name
    else:
        model, tensor = light(name, batch)
        net, image = Twin(model).eval(), torch.randn(batch, 3, 224, 224)
    return model, tensor, net.requires_grad_(False), image


def many(name: str) -> list[object]:
    """Gradients of several seeds on one image: one run for each, and all over one forward run."""
    model, tensor, _, image = made(name, 1)
    session = GradientSession(model, tensor, threads=1)
    feeds = {next(iter(session.inputs)): image.numpy()}
    seeds = np.random.default_rng(1).standard_normal((SEEDS, *session.shape), np.float32)
    apart, joint = in_turn(
        [lambda: [session.run(feeds, seed) for seed in seeds], lambda: session.run_many(feeds, seeds)], 5
    )
    return [name, *(1e3 * float(np.median(t)) for t in (apart, joint)), ratio(joint, apart)]


FORWARD = """
import sys, numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options)
session.run(None, {i.name: numpy.ones(i.shape, numpy.float32) for i in session.get_inputs()})
"""

GRADIENT = """
import sys, numpy
from rfonnx.gradient import GradientSession
session = GradientSession(sys.argv[1], sys.argv[2], threads=1)
session.run({n: numpy.ones(s, numpy.float32) for n, s in session.inputs.items()}, numpy.ones(session.shape, numpy.float32))
"""


def peaks(name: str) -> list[object]:
    """Peak memory, in MiB, of a process that runs the file once, and of one that builds its gradient and runs that."""
    model, tensor, _, _ = made(name, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/{name}.onnx"
        onnx.save(model, path)
        short, long = (peak_megabytes([sys.executable, "-P", "-c", code, path, tensor]) for code in (FORWARD, GRADIENT))
    return [name, short, long, long / short]


if __name__ == "__main__":
    main()
