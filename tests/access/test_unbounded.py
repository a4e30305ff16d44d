"""The unbounded field of a short input is the clipped field in the middle of a long one."""

import numpy as np
import onnx
import pytest

import rfonnx

SHORT, AROUND = 24, 3  # positions, and how many such lengths lie before the middle of the long input

CONV = "w = Constant<value: tensor = float[1,1,3] {1, 2, 3}>() y = Conv<pads: ints = [1, 1]>(h, w)"


def resize(mode: str, how: str, scale: float, more: str = "") -> str:
    return f"""s = Constant<value_floats = [1.0, 1.0, {scale}]>()
        h = Resize<mode: string = "{mode}", coordinate_transformation_mode: string = "{how}"{more}>(x, , s) {CONV}"""


def pad(mode: str, amount: int) -> str:
    return f"""p = Constant<value: tensor = int64[6] {{0, 0, {amount}, 0, 0, {amount}}}>()
        h = Pad<mode: string = "{mode}">(x, p) {CONV}"""


def ints(name: str, *values: int) -> str:
    return f"{name} = Constant<value: tensor = int64[{len(values)}] {{{', '.join(map(str, values))}}}>() "


CROPPED = f"{ints('a', 2)} {ints('b', -2)} {ints('c', 2)} z = Slice(y, a, b, c)"
EVERY_OTHER = f"{ints('a', 1)} {ints('b', 9999)} {ints('c', 2)} {ints('d', 2)} h = Slice(x, a, b, c, d) {CONV}"
SHUFFLED = f"""k = Constant<value: tensor = float[2,1,3] {{1, 2, 3, 4, 5, 6}}>() {ints("n", 1, 1, -1)}
    c = Conv<pads: ints = [1, 1]>(x, k) t = Transpose<perm: ints = [0, 2, 1]>(c) h = Reshape(t, n) {CONV}"""
ZEROS = f"""z = Constant<value: tensor = float[1,1,2] {{0, 0}}>() h = Concat<axis: int = 2>(z, x) {CONV}
    {ints("a", 0)} {ints("b", -2)} {ints("c", 2)} o = Slice(y, a, b, c)"""

CASES = {
    "nearest x2": (resize("nearest", "asymmetric", 2.0), "y", 2),
    "linear x2": (resize("linear", "half_pixel", 2.0), "y", 2),
    "linear x1.5": (resize("linear", "half_pixel", 1.5), "y", 1.5),
    "cubic x2": (resize("cubic", "half_pixel", 2.0), "y", 2),
    "linear x0.5": (resize("linear", "half_pixel", 0.5), "y", 0.5),
    "antialiased": (resize("linear", "half_pixel", 0.5, ", antialias: int = 1"), "y", 0.5),
    "reflected": (pad("reflect", 2) + CROPPED, "z", 1),
    "edges": (pad("edge", 2) + CROPPED, "z", 1),
    "wrapped": (pad("wrap", 2) + CROPPED, "z", 1),
    "zeros in front": (ZEROS, "o", 1),
    "every other": (EVERY_OTHER, "y", 0.5),
    "shuffled": (SHUFFLED, "y", 2),
}


def field(body: str, name: str, length: int, clip: bool) -> tuple[np.ndarray, np.ndarray]:
    text = f'<ir_version: 9, opset_import: ["" : 19]>\nlong (float[1,1,{length}] x) => (float[] {name}) {{ {body} }}'
    lo, hi = rfonnx.analyze(onnx.parser.parse_model(text)).intervals(name, input="x", axis=2, clip=clip)
    return lo.reshape(-1), hi.reshape(-1)


@pytest.mark.parametrize("case", CASES)
def test_short_and_long(case):
    body, name, scale = CASES[case]
    short = field(body, name, SHORT, clip=False)
    long = field(body, name, SHORT * (2 * AROUND + 1), clip=True)
    count, before = int(SHORT * scale), int(SHORT * scale * AROUND)
    for free, clipped in zip(short, long, strict=True):
        assert len(free) == count
        np.testing.assert_array_equal(free, clipped[before : before + count] - SHORT * AROUND)
