"""Axes that may change places: what is found along the one is what is found along the other when that is worked out by itself."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import rfonnx
from rfonnx.analysis.derive.equivariance import Shifts
from rfonnx.analysis.derive.exchange import Exchange, exchanges, treated_alike
from rfonnx.analysis.derive.idle import reaching
from rfonnx.analysis.derive.repeats import repeats
from rfonnx.report.explanation.growth import shares

PAIRS = [("x", 2), ("x", 3)]
ROWS = (1, 2, 24, 24)

WEIGHTS = {
    "k": (2, 2, 3, 3), "long": (2, 2, 3, 1), "one": (2, 2, 1, 1), "up": (2, 2, 2, 2), "deep": (2, 2, 8, 8),
    "bias": (2,), "grid": (1, 1, 24, 24), "columns": (24,), "channels": (1, 2, 1, 1), "table": (3, 2),
    "square": (24, 24),
}  # fmt: skip
NUMBERS = {"flat": [1, -1], "halves": [1, 2, 12, 12], "rows": [1, 48, 24], "sizes": [1, 1, 2, 2]}

ALIKE = {
    "a residual block": "c = Conv<pads = [1, 1, 1, 1]>(x, k) r = Relu(c) y = Add(x, r)",
    "strides, dilations and pools": "c = Conv<strides = [2, 2], dilations = [2, 2]>(x, k) m = MaxPool<kernel_shape = [3, 3]>(c)"
    " y = ConvTranspose<strides = [2, 2]>(m, up)",
    "constants by channel": "n = BatchNormalization(x, bias, bias, bias, bias) c = Conv(n, k, bias) y = Add(c, channels)",
    "a gate over everything": "c = Conv<pads = [1, 1, 1, 1]>(x, k) p = GlobalAveragePool(c) g = Conv(p, one) y = Mul(c, g)",
    "a head": "c = Conv<strides = [2, 2]>(x, k) p = GlobalAveragePool(c) f = Reshape(p, flat) y = Gemm<transB = 1>(f, table)",
    "a head of one window": "c = Conv<strides = [3, 3]>(x, k) a = AveragePool<kernel_shape = [8, 8]>(c) f = Flatten(a)"
    " y = Gemm<transB = 1>(f, table)",
    "branches": "a = Conv<pads = [1, 1, 1, 1]>(x, k) b = Conv(x, one) c = Concat<axis = 1>(a, b) y = Relu(c)",
    "norms": "c = Conv(x, k) y = InstanceNormalization(c, bias, bias)",
}
PROGRAM_DIFFERS = {
    "a kernel that is long": "y = Conv(x, long)",
    "a stride along rows alone": "y = Conv<strides = [2, 1]>(x, k)",
    "rows padded at the other end": "y = Conv<pads = [1, 0, 0, 1]>(x, k)",
    "rows and columns exchanged": "c = Conv(x, k) y = Transpose<perm = [0, 1, 3, 2]>(c)",
    "rows and channels in one axis": "c = Conv<pads = [1, 1, 1, 1]>(x, k) y = Reshape(c, rows)",
    "attention over rows": "c = Conv<pads = [1, 1, 1, 1]>(x, k) s = Softmax<axis = 3>(c) y = Mul(c, s)",
    "a sum along rows": "c = Conv(x, k) y = ReduceSum<keepdims = 1, axes = [2]>(c)",
    "a table along both": 'y = Resize<mode = "linear">(x, , sizes)',
    "a product": "c = Conv<pads = [1, 1, 1, 1]>(x, k) y = MatMul(c, square)",
}
CONSTANTS_DIFFER = {
    "a grid of positions": "c = Conv<pads = [1, 1, 1, 1]>(x, k) y = Add(c, grid)",
    "positions along columns": "c = Conv<pads = [1, 1, 1, 1]>(x, k) y = Mul(c, columns)",
}


def analysed(body: str, shape: tuple[int, ...] = ROWS) -> rfonnx.Analysis:
    lengths = ",".join(map(str, shape))
    text = f'<ir_version: 8, opset_import: ["" : 12]> m (float[{lengths}] x) => (y) {{ {body} }}'
    model, random = onnx.parser.parse_model(text), np.random.default_rng(0)
    values = {name: random.normal(size=one).astype(np.float32) for name, one in WEIGHTS.items()}
    values |= {name: np.array(one, np.float32 if name == "sizes" else np.int64) for name, one in NUMBERS.items()}
    used = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(numpy_helper.from_array(v, name) for name, v in values.items() if name in used)
    return rfonnx.analyze(model)


def alike(analysis: rfonnx.Analysis, exchange: Exchange) -> bool:
    graph, program = analysis.graph, analysis.program
    return treated_alike(graph, program, exchange, repeats(graph, program))


@pytest.mark.parametrize("body", ALIKE.values(), ids=ALIKE)
def test_what_changes_places_is_what_is_found_by_itself(body: str) -> None:
    analysis = analysed(body)
    exchange = exchanges(analysis.program, PAIRS)["x", 3]
    assert (exchange.first, exchange.axes) == (("x", 2), (2, 3))
    assert alike(analysis, exchange)
    shifts = Shifts(analysis.graph, analysis.program)
    assert shifts.exchanged(shifts.of("x", 2), exchange) == shifts.of("x", 3)

    for number, name in enumerate(analysis.tensors, len(analysis.program.inputs)):
        rank = len(analysis.tensors[name].shape or ())
        order = [{2: 3, 3: 2}.get(axis, axis) if exchange.has[number] else axis for axis in range(rank)]
        for clip in (True, False):
            rows = np.broadcast_arrays(*analysis.intervals(name, "x", 2, clip))
            columns = np.broadcast_arrays(*analysis.intervals(name, "x", 3, clip))
            assert all(np.array_equal(one.transpose(order), other) for one, other in zip(rows, columns, strict=True))
        shape = analysis.tensors[name].shape or ()
        assert reaching(analysis, name, shape, ("x", 2)) == reaching(analysis, name, shape, ("x", 3))
        assert shares(analysis.explain(name, "x", 2)) == shares(analysis.explain(name, "x", 3))


@pytest.mark.parametrize("body", PROGRAM_DIFFERS.values(), ids=PROGRAM_DIFFERS)
def test_axes_that_are_read_otherwise_do_not_change_places(body: str) -> None:
    assert exchanges(analysed(body).program, PAIRS) == {}


@pytest.mark.parametrize("body", CONSTANTS_DIFFER.values(), ids=CONSTANTS_DIFFER)
def test_constants_along_an_axis_keep_facts_apart(body: str) -> None:
    analysis = analysed(body)
    exchange = exchanges(analysis.program, PAIRS)["x", 3]
    assert not alike(analysis, exchange)


def test_an_axis_of_another_length_does_not_change_places() -> None:
    assert exchanges(analysed(ALIKE["a residual block"], (1, 2, 24, 25)).program, PAIRS) == {}
