"""Rules that run the model on samples: each on nets that break it and on near misses; the truth from onnxruntime's answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

import rfonnx
import small_nets
from checked import found, net, run, status
from rfonnx.comparing.settings import Settings

node = helper.make_node
DRAW = np.random.default_rng(0).standard_normal


def draw(*shape: int) -> np.ndarray:
    return DRAW(shape).astype("f")


def scalars(**values: float) -> dict[str, np.ndarray]:
    return {name: np.array(value, "f") for name, value in values.items()}


def normed(epsilon: float) -> onnx.ModelProto:
    nodes = [node("ReduceL2", ["x"], ["n"], axes=[1]), node("Add", ["n", "e"], ["d"]), node("Div", ["x", "d"], ["y"])]
    return net(nodes, ("n", 32), scalars(e=epsilon))


def logarithm() -> onnx.ModelProto:
    return net([node("Mul", ["x", "x"], ["s"]), node("Log", ["s"], ["y"])], (1, 32))


def root() -> onnx.ModelProto:
    return net([node("Sub", ["x", "c"], ["d"]), node("Sqrt", ["d"], ["y"])], (1, 32), scalars(c=9))


ZEROS = {
    "a norm": (normed(0), "fail"),
    "a norm with a constant": (normed(1e-6), "pass"),
    "a logarithm": (logarithm(), "pass"),
    "a rate": (net([node("Div", ["x", "x"], ["y"])], (1, 1)), "skip"),
    "a short signal": (net([node("Div", ["x", "x"], ["y"])], (1, 3)), "fail"),
    "NaN on all": (root(), "fail"),
}


@pytest.mark.parametrize("case", ZEROS)
def test_zeros(case: str, tmp_path: Path) -> None:
    model, expected = ZEROS[case]
    shape = [d.dim_value or 1 for d in model.graph.input[0].type.tensor_type.shape.dim]
    nan = bool(np.isnan(run(model, x=np.zeros(shape, "f"))[0]).any())
    assert nan == (expected != "pass")
    assert status(model, tmp_path, "finite-on-zeros") == expected
    said = rfonnx.check(
        tmp_path / "m.onnx", {"finite": False}
    ).findings  # by default: what is NaN anyway is no warning of this rule
    failed = [f for f in said if f.rule == "RF032" and f.status == "fail" and f.severity != "note"]
    assert bool(failed) == (case in ("a norm", "a short signal"))


def test_zeros_of_signals_alone(tmp_path: Path) -> None:
    """The divisor is a scalar: it keeps its value."""
    nodes = [node("Div", ["x", "scale"], ["y"])]
    model = small_nets.model(nodes, {"x": (1, 32), "scale": (1, 1)}, {"y": (1, 32)})
    assert np.isnan(run(model, x=np.zeros((1, 32), "f"), scale=np.zeros((1, 1), "f"))[0]).all()
    assert status(model, tmp_path, "finite-on-zeros") == "pass"


def affine(*tail: onnx.NodeProto, **values: float) -> onnx.ModelProto:
    """tail(scale * x + shift)"""
    nodes = [node("Mul", ["x", "scale"], ["a"]), node("Add", ["a", "shift"], ["b"]), *tail]
    return net(nodes, (1, 32), scalars(**{"scale": 1, "shift": 0, **values}))


def step(limit: float) -> onnx.ModelProto:
    return net([node("Greater", ["x", "t"], ["g"]), node("Cast", ["g"], ["y"], to=1)], (1, 32), scalars(t=limit))


VARY = {
    "no weights": (affine(node("Identity", ["b"], ["y"]), scale=0, shift=3), "fail"),
    "a dead ReLU": (affine(node("Relu", ["b"], ["y"]), shift=-1000), "fail"),
    "a ReLU that answers rarely": (affine(node("Relu", ["b"], ["y"]), shift=-5), "pass"),
    "a sigmoid at one end": (affine(node("Sigmoid", ["b"], ["y"]), shift=1000), "fail"),
    "a sigmoid at both ends": (affine(node("Sigmoid", ["b"], ["y"]), scale=1e9), "fail"),
    "a sigmoid near both ends": (affine(node("Sigmoid", ["b"], ["y"]), scale=2e3), "fail"),
    "a sigmoid": (affine(node("Sigmoid", ["b"], ["y"]), scale=5), "pass"),
    "a tanh at both ends": (affine(node("Tanh", ["b"], ["y"]), scale=1e9), "fail"),
    "a sign": (affine(node("Sign", ["b"], ["y"]), scale=1e9), "pass"),
    "signs that are no squashing": (
        affine(node("Clip", ["b", "low", "high"], ["y"]), scale=1e9, low=-1, high=1),
        "pass",
    ),
}


@pytest.mark.parametrize("case", VARY)
def test_outputs_vary(case: str, tmp_path: Path) -> None:
    model, expected = VARY[case]
    ys = np.array([run(model, x=draw(1, 32) * scale)[0] for scale in (*[1] * 8, 10, 0.1)])
    constant = np.ptp(ys, axis=0).max() == 0
    saturated = "both ends" in case and np.isin(ys[:8].round(7), (-1, 0, 1)).mean() > 0.95
    assert (constant or saturated) == (expected == "fail")
    assert status(model, tmp_path, "outputs-vary") == expected


def test_a_batch_that_the_file_fixes_is_not_filled_with_one_sample(tmp_path: Path) -> None:
    """What is left over the mean of two equal rows is nothing."""
    nodes = [node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1), node("Sub", ["x", "m"], ["y"])]
    model = net(nodes, (2, 32))
    assert np.ptp(run(model, x=np.repeat(draw(1, 32), 2, 0))[0]) < np.ptp(run(model, x=draw(2, 32))[0])
    assert status(model, tmp_path, "outputs-vary") == "pass"


def test_zeros_of_both_signs_are_one_value(tmp_path: Path) -> None:
    model = net([node("Mul", ["x", "zero"], ["y"])], (1, 32), scalars(zero=0))
    assert {np.signbit(run(model, x=draw(1, 32))[0]).any() for _ in range(3)} == {True}
    assert status(model, tmp_path, "outputs-vary") == "fail"


def test_outputs_that_step_are_judged_on_samples_alone(tmp_path: Path) -> None:
    model = step(1e6)
    (said,) = found(model, tmp_path, "outputs-vary")
    assert (said.status, "give --data" in said.message) == ("fail", True)  # asked for by name: not proven
    assert rfonnx.check(tmp_path / "m.onnx").passed("warning")
    np.savez(tmp_path / "far.npz", x=draw(4, 1, 32)[:, 0] * 1e7)
    assert status(model, tmp_path, "outputs-vary", settings=Settings(data=tmp_path / "far.npz", cost=False)) == "pass"
    np.savez(tmp_path / "near.npz", x=draw(4, 32))
    options = {"settings": Settings(data=tmp_path / "near.npz", cost=False)}
    assert status(model, tmp_path, "outputs-vary", **options) == "fail"
    assert not rfonnx.check(tmp_path / "m.onnx", **options).passed("warning")


def test_a_detector_that_finds_nothing_in_noise(tmp_path: Path) -> None:
    """Its scores lie at zero, as they should; on samples of the user's that is worth a warning."""
    model = affine(node("Sigmoid", ["b"], ["y"]), scale=20, shift=-80)
    ys = np.array([run(model, x=draw(1, 32))[0] for _ in range(8)])
    assert (ys < 1e-12).mean() > 0.95
    assert np.ptp(ys) > 0
    (said,) = found(model, tmp_path, "outputs-vary")
    assert (said.status, "give --data" in said.message) == ("fail", True)
    assert rfonnx.check(tmp_path / "m.onnx").passed("warning")
    np.savez(tmp_path / "mine.npz", x=draw(8, 32))
    options = {"settings": Settings(data=tmp_path / "mine.npz", cost=False)}
    assert not rfonnx.check(tmp_path / "m.onnx", **options).passed("warning")


@pytest.mark.parametrize(("large", "expected"), [(1e5, "pass"), (1e8, "fail")])
def test_a_score_near_zero_is_measured_by_the_range_of_its_sigmoid(large: float, expected: str, tmp_path: Path) -> None:
    """Folding (w * x + large) - large into one convolution spares a rounding: a part of a score of 1e-6, or all of one."""
    ones = np.ones(1, "f")
    values = {"w": np.ones((1, 1, 1), "f"), "large": ones * large, "one": ones, "low": ones * -12}
    nodes = [
        node("Conv", ["x", "w", "large"], ["c"]),
        node("BatchNormalization", ["c", "one", "low", "large", "one"], ["b"], epsilon=0.0),
        node("Sigmoid", ["b"], ["y"]),
    ]
    if expected == "fail":
        values["low"] = ones * 0
    model = net(nodes, (1, 1, 32), values)
    path = small_nets.save(model, tmp_path / "m.onnx")
    x = {"x": draw(1, 1, 32)}
    plain, best = (session(path, level).run(None, x)[0] for level in ("ORT_DISABLE_ALL", "ORT_ENABLE_ALL"))
    gap = np.abs(plain - best).max()
    assert gap / plain.max() > 1e-3
    assert (gap > 1e-3) == (expected == "fail")
    assert status(model, tmp_path, "optimisation-levels") == expected


def session(path: Path, level: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def test_tokens_that_make_no_difference(tmp_path: Path) -> None:
    """Ids are drawn from the whole table: an embedding that was never loaded shows."""
    for table, expected in ((draw(50, 4), "pass"), (np.ones((50, 4), "f"), "fail")):
        nodes = [node("Gather", ["table", "x"], ["e"]), node("ReduceMean", ["e"], ["y"], axes=[1], keepdims=0)]
        model = net(nodes, (1, 12), {"table": table}, types={"x": TensorProto.INT64})
        ys = [run(model, x=np.random.default_rng(i).integers(0, 50, (1, 12)))[0] for i in range(3)]
        assert (np.ptp(ys, axis=0).max() == 0) == (expected == "fail")
        assert status(model, tmp_path, "outputs-vary") == expected
        assert rfonnx.check(tmp_path / "m.onnx").passed("warning") == (expected == "pass")


def test_one_sample_proves_nothing(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", x=draw(1, 32))
    model = affine(node("Identity", ["b"], ["y"]))
    options = {"settings": Settings(data=tmp_path / "one.npz", cost=False)}
    assert status(model, tmp_path, "outputs-vary", **options) == "fail"
    assert rfonnx.check(tmp_path / "m.onnx", **options).passed("warning")


def test_outputs_that_depend_on_no_input_are_not_judged(tmp_path: Path) -> None:
    model = affine(node("Identity", ["b"], ["y"]))
    model.graph.node.append(node("Neg", ["shift"], ["anchors"]))
    model.graph.output.append(helper.make_tensor_value_info("anchors", TensorProto.FLOAT, []))
    assert status(model, tmp_path, "outputs-vary") == "pass"
    del model.graph.output[0]
    assert status(model, tmp_path, "outputs-vary") == "skip"


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.FLOAT16])
def test_relus_that_died(kind: int, tmp_path: Path) -> None:
    def model(shift: float) -> onnx.ModelProto:
        tail = [
            node("Cast", ["b"], ["h"], to=kind),
            node("Relu", ["h"], ["r"], "relu"),
            node("Cast", ["r"], ["f"], to=TensorProto.FLOAT),
            node("Add", ["x", "f"], ["y"]),
        ]
        return affine(*tail, shift=shift)

    for shift, expected in ((-100, "fail"), (0, "pass")):
        dead = all((run(model(shift), x=(x := draw(1, 32)))[0] == x).all() for _ in range(4))
        assert dead == (expected == "fail")
        assert status(model(shift), tmp_path, "no-dead-relu") == expected
    np.savez(tmp_path / "d.npz", x=draw(4, 32) * 1000)
    options = {"settings": Settings(data=tmp_path / "d.npz", cost=False)}
    assert status(model(-100), tmp_path, "no-dead-relu", **options) == "pass"
    assert status(affine(node("Tanh", ["b"], ["y"])), tmp_path, "no-dead-relu") == "skip"


def quantised(scale: float, point: np.ndarray) -> onnx.ModelProto:
    weights = {"s": np.array(scale, "f"), "z": point}
    nodes = [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["y"])]
    return net(nodes, (1, 64), weights)


@pytest.mark.parametrize(
    ("point", "factor", "expected"),
    [
        (np.array(128, "u1"), 0.3, "pass"),
        (np.array(128, "u1"), 3.0, "fail"),
        (np.array(0, "i1"), 3.0, "fail"),
        (np.array(0, "u1"), 0.3, "pass"),
        (np.array(0, "u1"), -3.0, "fail"),
    ],
    ids=["inside", "outside", "signed", "a folded ReLU", "above a folded ReLU"],
)
def test_quantisers(point: np.ndarray, factor: float, expected: str, tmp_path: Path) -> None:
    """A step of 0.01: 8 bits reach 1.27 or 2.55."""
    model = quantised(0.01, point)
    data = draw(4, 64) * np.float32(factor)
    np.savez(tmp_path / "d.npz", x=data)
    cut = [np.abs(run(model, x=row[None])[0][0] - row) > 0.0051 for row in data]
    ends = np.array(cut) & ((data > 0) | (point != 0) | (point.dtype == np.int8))
    assert (ends.mean() > 0.05) == (expected == "fail")
    options = {"settings": Settings(data=tmp_path / "d.npz", cost=False)}
    said = found(model, tmp_path, "quantiser-range", **options)
    assert {f.status for f in said} == {expected}
    if expected == "fail":
        shares = [float(f.message.split("%")[0]) / 100 for f in said]
        assert sum(shares) == pytest.approx(ends.mean(), abs=2e-3)
        assert status(model, tmp_path, "quantiser-range", 0.99, **options) == "pass"
    assert status(model, tmp_path, "quantiser-range") == "fail"  # without samples nothing is proven
    assert rfonnx.check(tmp_path / "m.onnx").passed("warning")


def padded(kernel: int, pad: int, length: int = 12) -> onnx.ModelProto:
    weights = {"w": draw(1, 1, kernel), "b": draw(1)}
    return net([node("Conv", ["x", "w", "b"], ["y"], pads=[pad, pad])], (1, 1, length), weights)


@pytest.mark.parametrize(("kernel", "pad", "dead"), [(3, 1, 0), (3, 2, 0), (3, 3, 2), (5, 7, 6), (2, 1, 0), (2, 2, 2)])
def test_positions_that_see_nothing_but_padding(kernel: int, pad: int, dead: int, tmp_path: Path) -> None:
    model = padded(kernel, pad)
    y = np.array([run(model, x=draw(1, 1, 12))[0][0, 0] for _ in range(4)])
    assert int((np.ptp(y, axis=0) == 0).sum()) == dead
    said = found(model, tmp_path, "field-on-input.blind", 0.0)
    assert {f.status for f in said} == ({"fail"} if dead else {"pass"})
    positions = 12 + 2 * pad - kernel + 1
    assert not dead or said[0].message.startswith(f"{dead} of {positions} positions")
    assert status(model, tmp_path, "field-on-input") == ("fail" if dead > positions / 4 else "pass")


@pytest.mark.parametrize(("length", "expected"), [(4, "fail"), (7, "fail"), (8, "pass"), (40, "pass")])
def test_inputs_that_are_too_small_for_the_net(length: int, expected: str, tmp_path: Path) -> None:
    """The middle one of 15 taps, 7 of padding on each side, moves with at most `length` of them."""
    moved = max(
        sum(
            run(padded(15, 7, length), x=np.eye(length, dtype="f")[i][None, None])[0][0, 0, o]
            != run(padded(15, 7, length), x=np.zeros((1, 1, length), "f"))[0][0, 0, o]
            for i in range(length)
        )
        for o in (length // 2,)
    )
    assert (moved / 15 >= 0.5) == (expected == "pass")
    assert status(padded(15, 7, length), tmp_path, "input-fits-field") == expected
    assert rfonnx.check(tmp_path / "m.onnx").passed("warning")


def test_fields_that_lie_mostly_beside_the_input(tmp_path: Path) -> None:
    """15 taps, 7 of padding on each side, on 12 positions: the first sees 8 of 15, on 4 positions 4 of 15."""
    assert status(padded(15, 7), tmp_path, "field-on-input", 0.5) == "pass"
    (said,) = found(padded(15, 7, length=4), tmp_path, "field-on-input", 0.5)
    assert (said.status, said.message[:5]) == ("fail", "26.6%")  # 4 of 15, rounded down as in reports
    assert status(padded(15, 7, length=4), tmp_path, "field-on-input") == "pass"
    assert status(affine(node("Tanh", ["b"], ["y"])), tmp_path, "field-on-input") == "skip"
    with pytest.raises(rfonnx.RfonnxError, match="no tensor 'nope' is computed from an input"):
        rfonnx.check(tmp_path / "m.onnx", {"field-on-input": {"tensor": "nope"}})
