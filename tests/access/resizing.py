"""Random Resizes against onnxruntime: what each output reads is seen in one run, since Resize is linear in its input.

`PYTHONPATH=tests python -P tests/access/resizing.py --count 20000 --seed 0` prints what is unsound, and how many are exact.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from rfonnx.analysis.lower import Tensor, lower
from rfonnx.model.reading.load import load
from rfonnx.operators.access.primitives import Reduce, Select, Window, tables

TRANSFORMATIONS = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric"]
LAYOUTS = {"NCHW": (4, (2, 3)), "NHWC": (4, (1, 2)), "NCDHW": (5, (2, 3, 4))}
"""By name: number of axes, and those that are resized. The first axis is free for the measurement."""


class Case(NamedTuple):
    """One Resize or Upsample: lengths of the resized axes, the model, and how it came about."""

    lengths: tuple[int, ...]
    axes: tuple[int, ...]
    rank: int
    model: onnx.ModelProto
    told: dict[str, Any]


def draw(random: np.random.Generator) -> Case:
    """A random call: all modes, lengths, scales, sizes, crops, layouts and opsets."""
    opset = int(random.choice([9, 10, 11, 13, 18, 19, 22]))
    layout = str(random.choice(list(LAYOUTS), p=[0.6, 0.3, 0.1]))
    mode = str(random.choice(["nearest", "linear"] + (["cubic"] * (opset >= 11 and layout != "NCDHW"))))
    rank, axes = LAYOUTS[layout]
    lengths = tuple(int(n) for n in random.integers(1, 6 if rank == 5 else 13, len(axes)))
    if rank == 4 and random.random() < 0.15:
        lengths = (int(random.integers(1, 200)), 1)
    attrs: dict[str, Any] = {"mode": mode}
    if opset >= 11:
        how = [*TRANSFORMATIONS[: 5 if opset >= 19 else 4], "tf_crop_and_resize"]
        attrs["coordinate_transformation_mode"] = str(random.choice(how + ["tf_half_pixel_for_nn"] * (opset == 11)))
        if mode == "nearest":
            attrs["nearest_mode"] = str(random.choice(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]))
        if mode == "cubic":
            attrs["cubic_coeff_a"] = float(random.choice([-0.75, -0.5, 0.0, -0.6]))
        if opset >= 18 and mode != "nearest" and random.random() < 0.4:
            attrs["antialias"] = 1
        if mode == "cubic" or "antialias" in attrs:
            attrs["exclude_outside"] = int(random.integers(2))
    constants: dict[str, np.ndarray] = {}
    names = ["x", "", "", ""] if opset >= 11 else ["x", ""]
    given = axes if opset < 18 or random.random() < 0.5 else None
    if attrs.get("coordinate_transformation_mode") == "tf_crop_and_resize":
        starts, ends = (
            random.choice([0.0, 0.1, 0.25, -0.2, 0.9, 0.5], len(axes)),
            random.choice([1.0, 0.9, 0.75, 1.2, 0.1, 0.5], len(axes)),
        )
        full = given is not None
        constants["roi"] = np.array(
            [*spread(starts, axes, rank, 0.0), *spread(ends, axes, rank, 1.0)] if full else [*starts, *ends], np.float32
        )
        names[1] = "roi"
    if given is None:
        attrs["axes"] = [int(axis) for axis in axes]
    if opset >= 11 and random.random() < 0.35:
        sizes = [int(m) for m in random.integers(1, 8 if rank == 5 else 20, len(axes))]
        whole = [*sizes] if given is None else [int(v) for v in spread(sizes, axes, rank, 1)]
        if given is None and random.random() < 0.4:
            attrs["keep_aspect_ratio_policy"] = str(random.choice(["not_larger", "not_smaller"]))
            attrs["axes"] = [axis - rank if random.random() < 0.3 else axis for axis in attrs["axes"]]
        constants["sizes"] = np.array(whole, np.int64)
        names[3] = "sizes"
    else:
        scales = [scale(random, n, opset) for n in lengths]
        constants["scales"] = np.array(scales if given is None else spread(scales, axes, rank, 1.0), np.float32)
        names[2 if opset >= 11 else 1] = "scales"
    kind = "Upsample" if opset == 9 else "Resize"
    node = helper.make_node(kind, names, ["y"], **attrs)
    batch = math.prod(lengths) + 1
    shape = [1] * rank
    shape[0] = batch
    for axis, n in zip(axes, lengths, strict=True):
        shape[axis] = n
    if "sizes" in constants and given is not None:
        constants["sizes"][0] = batch
    graph = helper.make_graph(
        [node],
        "resize",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    told = {"opset": opset, "lengths": lengths, **attrs, **{k: v.tolist() for k, v in constants.items()}}
    return Case(lengths, axes, rank, model, told)


def spread(values: Any, axes: tuple[int, ...], rank: int, default: float) -> list[float]:
    """Values for `axes` among defaults for the other axes."""
    full = [default] * rank
    for axis, value in zip(axes, values, strict=True):
        full[axis] = value
    return full


def scale(random: np.random.Generator, n: int, opset: int) -> float:
    """A round scale, a ratio of whole numbers, or any; one that leaves at least one position."""
    while True:
        kind = random.integers(3)
        if kind == 0:
            value = float(random.integers(1, 60)) / 20
        elif kind == 1:
            value = float(random.integers(1, 16)) / float(random.integers(1, 16))
        else:
            value = float(random.uniform(0.2, 3))
        if 1 <= int(np.float32(value) * np.float32(n)) <= 400 and (value >= 1 or opset != 9):
            return value


def truth(case: Case) -> np.ndarray | None:
    """bool, (elements of the resized axes, *output of those axes): which element changes which output; None when refused."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    count = math.prod(case.lengths)
    shape = [1] * case.rank
    shape[0] = count + 1
    for axis, n in zip(case.axes, case.lengths, strict=True):
        shape[axis] = n
    try:
        session = onnxruntime.InferenceSession(case.model.SerializeToString(), options, ["CPUExecutionProvider"])
        (y,) = session.run(None, {"x": np.eye(count + 1, count, dtype=np.float32).reshape(shape)})
    except Exception:  # onnxruntime raises classes of its own
        return None
    moved = np.moveaxis(y, case.axes, range(1, len(case.axes) + 1)).reshape(
        count + 1, *(y.shape[axis] for axis in case.axes)
    )
    found: np.ndarray = moved[:-1] != moved[-1]
    return found


def claimed(tensor: Tensor, case: Case) -> np.ndarray:
    """The same of what rfonnx says."""
    lengths = [tensor.shape[axis] for axis in case.axes]
    masks = [np.eye(n, dtype=bool) if n == m else None for n, m in zip(case.lengths, lengths, strict=True)]
    for source, steps in tensor.paths:
        assert source == 0
        for step in steps:
            assert isinstance(step, Select | Window | Reduce), step
            axis = step.axes[0] if isinstance(step, Reduce) else step.axis
            if axis not in case.axes and tensor.shape[axis] == 1:
                continue
            place = case.axes.index(axis)
            n, m = case.lengths[place], lengths[place]
            i = np.arange(n)[:, None]
            if isinstance(step, Reduce):
                masks[place] = np.ones((n, m), bool)
            elif isinstance(step, Select):
                found = tables(step)
                assert found is not None
                masks[place] = (found.first <= i) & (i <= found.last)
            else:
                masks[place] = i == np.arange(m) * step.stride - step.pad
    total = np.ones((), bool)
    for mask in masks:
        assert mask is not None
        total = np.multiply.outer(total, mask)
    rank = len(masks)
    order = [2 * k for k in range(rank)] + [2 * k + 1 for k in range(rank)]
    return total.transpose(order).reshape(-1, *lengths)


def check(case: Case) -> str:
    """ "exact", "at most", "refused", or what is wrong."""
    seen = truth(case)
    if seen is None:
        return "refused"
    graph = load(case.model)
    (tensor,) = lower(graph).tensors
    lengths = tuple(tensor.shape[axis] for axis in case.axes)
    if lengths != seen.shape[1:]:
        return f"shape {lengths}, but the runtime makes {seen.shape[1:]}"
    if 0 in lengths:
        return "empty"
    said = claimed(tensor, case)
    if (seen & ~said).any():
        return f"unsound at {np.argwhere(seen & ~said)[0].tolist()}"
    if tensor.exact and (said & ~seen).any():
        return f"loose at {np.argwhere(said & ~seen)[0].tolist()}"
    return "exact" if tensor.exact else "at most"


def main() -> None:
    """The long run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    for seed in range(given.seed, given.seed + given.count):
        case = draw(np.random.default_rng(seed))
        result = check(case)
        counts[result.split(" at")[0].split(",")[0].split(" (")[0]] += 1
        if result not in ("exact", "at most", "refused", "empty"):
            print(seed, result, case.told, flush=True)
    print(dict(counts))


if __name__ == "__main__":
    main()
