"""Every option of what moves positions, in a net of its own: `PYTHONPATH=tests python -P tests/tiling/sweep.py`.

Prints each plan of several tiles that a run contradicts.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from itertools import product

import rfonnx
from rfonnx.errors import RfonnxError
from tiling.exactness import Runs, faults
from tiling.families import conv, finish
from tiling.maker import draw
from truth.nets import Writer

LENGTHS, TILES = (60, 97), (24, 39)
ROUNDING = ("round_prefer_floor", "floor", "ceil", "round_prefer_ceil")
WHERE = (
    "half_pixel",
    "asymmetric",
    "align_corners",
    "pytorch_half_pixel",
    "half_pixel_symmetric",
    "tf_crop_and_resize",
)
SCALES = (
    Fraction(2),
    Fraction(3),
    Fraction(5, 2),
    Fraction(3, 2),
    Fraction(3, 4),
    Fraction(3, 5),
    Fraction(1, 2),
    Fraction(1, 3),
)

Attrs = dict[str, object]
Make = Callable[[Writer], str]


def resized(w: Writer, attrs: Attrs, where: str, scale: Fraction, by_scale: bool) -> str:
    attrs = {**attrs, "coordinate_transformation_mode": where}
    roi = w.const([0, 0, 0.1, 1, 1, 0.9]) if where == "tf_crop_and_resize" else ""
    if by_scale:
        return conv(w, w.op("Resize", "x", roi, w.const([1, 1, float(scale)]), **attrs))
    n = w.op("Slice", w.op("Shape", "x"), w.ints(2), w.ints(9))
    n = w.op("Div", w.op("Mul", n, w.ints(scale.numerator)), w.ints(scale.denominator))
    return conv(w, w.op("Resize", "x", roi, "", w.op("Concat", w.ints(1, 2), n, axis=0), **attrs))


def transposed(w: Writer, kernel: int, stride: int, dilation: int, how: str) -> str:
    reach = (kernel - 1) * dilation
    attrs: Attrs = {"strides": [stride], "dilations": [dilation]}
    if how.startswith("SAME"):
        attrs["auto_pad"] = how
    elif how == "pads":
        attrs["pads"] = [min(1, reach), min(2, reach)]
    elif how == "output_padding":
        attrs |= {"output_padding": [stride - 1], "pads": [0, min(1, reach)]}
    return conv(w, w.op("ConvTranspose", "x", w.normal(2, 2, kernel), **attrs))


def pooled(w: Writer, op: str, kernel: int, stride: int, dilation: int, pads: int | str, ceil: int, count: int) -> str:
    attrs: Attrs = {"kernel_shape": [kernel], "strides": [stride], "dilations": [dilation]}
    if isinstance(pads, str):
        attrs["auto_pad"] = pads
    else:
        attrs |= {"pads": [min(pads, kernel - 1), max(0, min(pads, kernel - 1) - 1)], "ceil_mode": ceil}
    if op == "AveragePool":
        attrs["count_include_pad"] = count
    return conv(w, w.op(op, conv(w, "x"), **attrs))


def padded(w: Writer, mode: str, before: int, after: int, stride: int) -> str:
    made = w.op("Pad", conv(w, "x"), w.ints(0, 0, before, 0, 0, after), mode=mode)
    return conv(w, made, 5, strides=[stride], pads=[0, 0])


def framed(w: Writer, frame: int, before: bool, after: bool) -> str:
    """Frames of a signal, each padded by itself, between convolutions."""
    rows = w.op("Reshape", conv(w, "x") if before else "x", w.ints(1, 2, -1, frame))
    rows = w.op("Squeeze", w.swap(rows, 2, 1, 3, 0), w.ints(3))
    rows = w.op("Unsqueeze", conv(w, rows, 5), w.ints(3))
    signal = w.op("Reshape", w.swap(rows, 3, 1, 0, 2), w.ints(1, 2, -1))
    return conv(w, signal) if after else signal


def cases() -> Iterator[Make]:
    modes: list[Attrs] = [{"mode": "nearest", "nearest_mode": one} for one in ROUNDING]
    modes += [{"mode": "linear"}, {"mode": "linear", "antialias": 1}]
    for attrs, where, scale, by_scale in product(modes, WHERE, SCALES, (True, False)):
        yield partial(resized, attrs=attrs, where=where, scale=scale, by_scale=by_scale)
    for kernel, stride, dilation in product((1, 2, 3, 4, 5), (1, 2, 3), (1, 2)):
        for how in ("", "pads", "output_padding", "SAME_UPPER", "SAME_LOWER"):
            yield partial(transposed, kernel=kernel, stride=stride, dilation=dilation, how=how)
    pools = product(
        ("MaxPool", "AveragePool", "LpPool"), (1, 2, 3, 4), (1, 2, 3), (1, 2), (0, 1, 2, "SAME_UPPER", "SAME_LOWER")
    )
    for (op, kernel, stride, dilation, pads), ceil, count in product(pools, (0, 1), (0, 1)):
        if not ceil * isinstance(pads, str) and not count * (op != "AveragePool"):
            yield partial(
                pooled, op=op, kernel=kernel, stride=stride, dilation=dilation, pads=pads, ceil=ceil, count=count
            )
    ends = ((0, 3), (3, 0), (2, 5), (7, 8), (-2, 3), (3, -2), (-1, -3))
    for mode, (before, after), stride in product(("constant", "reflect", "edge", "wrap"), ends, (1, 2)):
        yield partial(padded, mode=mode, before=before, after=after, stride=stride)
    for frame, before, after in product((2, 3, 4, 6, 12), (True, False), (True, False)):
        yield partial(framed, frame=frame, before=before, after=after)


def outcomes(make: Make) -> Iterator[str]:
    """Of each length and tile: "exact", "unsound: ...", or that there are no several tiles."""
    w = Writer(opset=19)
    model = finish(w, make(w))
    runs = Runs(model)
    for length, tile in product(LENGTHS, TILES):
        shapes = {"x": (1, 2, length)}
        try:
            plan = rfonnx.tile(model, shapes, [tile])
            feeds = draw(shapes)
            found = list(faults(plan, runs, feeds)) if len(plan.tiles) > 1 else ["none"]
        except RfonnxError:
            found = ["none"]
        yield f"unsound: {found[0]}" if found and found != ["none"] else "none" if found else "exact"


def main() -> int:
    warnings.simplefilter("ignore")
    found: Counter[str] = Counter()
    for make in cases():
        try:
            lines = list(outcomes(make))
        except Exception:  # onnxruntime refuses the net with classes of its own
            lines = []
        for line in lines:
            if line.startswith("unsound"):
                print(f"{make}: {line}", flush=True)
        kinds = {line.partition(":")[0] for line in lines}
        found[next((kind for kind in ("unsound", "exact", "none") if kind in kinds), "refused by onnxruntime")] += 1
    print(f"{found.total()} nets: {dict(found.most_common())}")
    return int(found["unsound"] > 0)


if __name__ == "__main__":
    sys.exit(main())
