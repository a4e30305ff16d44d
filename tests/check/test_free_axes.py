"""RF019: lengths that the file declares free; the truth from runs at many sizes."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

import rfonnx
import small_nets

node = helper.make_node


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def hourglass() -> onnx.ModelProto:
    """Halved twice and doubled twice, with a skip: takes multiples of 4 alone."""
    draw = np.random.default_rng(0).standard_normal
    nodes = [
        node("MaxPool", ["x"], ["a"], kernel_shape=[2, 2], strides=[2, 2]),
        node("MaxPool", ["a"], ["b"], kernel_shape=[2, 2], strides=[2, 2]),
        node("ConvTranspose", ["b", "w"], ["c"], strides=[2, 2]),
        node("Add", ["a", "c"], ["d"]),
        node("ConvTranspose", ["d", "w"], ["e"], strides=[2, 2]),
        node("Add", ["x", "e"], ["y"]),
    ]
    return small_nets.model(
        nodes, {"x": ("n", 2, "h", "w_")}, {"y": ("n", 2, "h", "w_")}, {"w": draw((2, 2, 2, 2)).astype("f")}
    )


def positions() -> onnx.ModelProto:
    """A table of 16 positions, of which as many are read as there are tokens."""
    nodes = [
        node("Shape", ["x"], ["s"], start=1, end=2),
        node("Slice", ["table", "zero", "s", "one"], ["p"]),
        node("Add", ["x", "p"], ["y"]),
    ]
    weights = {"table": np.ones((1, 16, 3), "f"), "zero": ints(0), "one": ints(1)}
    return small_nets.model(nodes, {"x": ("n", "t", 3)}, {"y": ("n", "t", 3)}, weights)


def twins() -> onnx.ModelProto:
    """Two inputs that must be as long, whatever the file calls it."""
    return small_nets.model([node("Add", ["x", "z"], ["y"])], {"x": ("n", "t"), "z": ("n", "u")}, {"y": ("n", "t")})


def cache() -> onnx.ModelProto:
    """The mask must be as long as the cache and the tokens together."""
    nodes = [node("Concat", ["old", "x"], ["all"], axis=1), node("Mul", ["all", "mask"], ["y"])]
    inputs = {"old": ("n", "past"), "x": ("n", "t"), "mask": ("n", "total")}
    return small_nets.model(nodes, inputs, {"y": ("n", "total")})


def reshaped(*target: int, outputs: tuple[int | str, ...] = ("n", 6)) -> onnx.ModelProto:
    """A classifier in front of which a view was baked."""
    net = small_nets.classifier(size=("h", "w"))
    nodes = [node("Reshape", ["x", "s"], ["x8"]), *net.graph.node]
    nodes[1].input[0] = "x8"
    weights = {t.name: onnx.numpy_helper.to_array(t) for t in net.graph.initializer}
    return small_nets.model(nodes, {"x": ("n", 3, "h", "w")}, {"scores": outputs}, {**weights, "s": ints(*target)})


def head() -> onnx.ModelProto:
    """Flattened into a linear layer: one size alone."""
    nodes = [node("Flatten", ["x"], ["f"]), node("MatMul", ["f", "w"], ["y"])]
    return small_nets.model(nodes, {"x": ("n", 1, "h", "v")}, {"y": ("n", 2)}, {"w": np.ones((64, 2), "f")})


def first_row() -> onnx.ModelProto:
    nodes = [node("Slice", ["x", "zero", "one", "zero"], ["y"])]
    return small_nets.model(nodes, {"x": ("n", 4)}, {"y": ("n", 4)}, {"zero": ints(0), "one": ints(1)})


def careless() -> onnx.ModelProto:
    """Halves the length and calls it by the same name."""
    nodes = [node("MaxPool", ["x"], ["y"], kernel_shape=[2], strides=[2])]
    return small_nets.model(nodes, {"x": ("n", 1, "t")}, {"y": ("n", 1, "t")})


CASES: dict[str, tuple[Callable[[], onnx.ModelProto], dict[str, tuple[int, ...]], dict[str, str]]] = {
    "multiples of 4": (hourglass, {"x": (1, 2, 12, 8)}, {"n": "pass", "h": "pass", "w_": "pass"}),
    "a table of positions that is full": (positions, {"x": (1, 16, 3)}, {"n": "pass", "t": "pass"}),
    "a table of positions": (positions, {"x": (1, 3, 3)}, {"n": "pass", "t": "pass"}),
    "two names of one length": (twins, {"x": (1, 5), "z": (1, 5)}, {"n": "pass", "t": "pass", "u": "pass"}),
    "a cache": (
        cache,
        {"old": (1, 3), "x": (1, 2), "mask": (1, 5)},
        dict.fromkeys(("n", "past", "t", "total"), "pass"),
    ),
    "a baked view": (lambda: reshaped(-1, 3, 8, 8), {"x": (1, 3, 8, 8)}, {"n": "pass", "h": "fail", "w": "fail"}),
    "a baked view, nothing declared": (
        lambda: reshaped(-1, 3, 8, 8, outputs=("", 6)),
        {"x": (1, 3, 8, 8)},
        {"n": "pass", "h": "fail", "w": "fail"},
    ),
    "a baked batch": (lambda: reshaped(1, 3, 8, 8), {"x": (1, 3, 8, 8)}, dict.fromkeys(("n", "h", "w"), "fail")),
    "a linear layer": (head, {"x": (1, 1, 8, 8)}, {"n": "pass", "h": "fail", "v": "fail"}),
    "the first row": (first_row, {"x": (1, 4)}, {"n": "fail"}),
    "a careless name": (careless, {"x": (1, 1, 8)}, {"n": "pass", "t": "pass"}),
}


@pytest.mark.parametrize("case", CASES)
def test_lengths_that_are_declared_free(case: str, tmp_path: Path) -> None:
    build, shapes, expected = CASES[case]
    path = small_nets.save(build(), tmp_path / "m.onnx")
    found = rfonnx.check(path, ["dynamic-axes"], shapes=shapes).findings
    if "fail" in expected.values():
        assert {f.tensor: f.status for f in found} == {s: t for s, t in expected.items() if t == "fail"}
    else:
        assert {f.tensor: f.status for f in found} == expected


@pytest.mark.parametrize("case", CASES)
def test_what_runs_say_of_them(case: str) -> None:
    """Independently: does any other length of the axis give as many rows as samples? Where inputs must agree: with any others."""
    build, shapes, expected = CASES[case]
    model = build()
    dims = {i.name: [d.dim_param or d.dim_value for d in i.type.tensor_type.shape.dim] for i in model.graph.input}
    base = {d: n for name, ds in dims.items() for d, n in zip(ds, shapes[name], strict=True) if isinstance(d, str)}
    batch = next((d for d in (ds[0] for ds in dims.values()) if isinstance(d, str)), None)
    session = onnxruntime.InferenceSession(model.SerializeToString(), quiet(), providers=["CPUExecutionProvider"])
    for symbol, told in expected.items():
        others = [other for other in base if symbol != other != "n"] if len(dims) > 1 and symbol != "n" else []
        lengths = itertools.product(
            range(1, 4 * base[symbol] + 1), *(range(1, 4 * base[other] + 1) for other in others)
        )
        works = False
        for length, *rest in lengths:
            sizes = {**base, symbol: length, **dict(zip(others, rest, strict=True))}
            if length == base[symbol] or works:
                continue
            feeds = {name: np.ones([sizes.get(d, d) for d in ds], "f") for name, ds in dims.items()}
            try:
                (y,) = session.run(None, feeds)
            except Exception:  # onnxruntime's exceptions share no base class of their own
                continue
            works = batch is None or y.shape[0] == sizes[batch]
        assert (symbol, works) == (symbol, told == "pass")


def quiet() -> onnxruntime.SessionOptions:
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    return settings


def test_what_was_tried_is_told(tmp_path: Path) -> None:
    path = small_nets.save(hourglass(), tmp_path / "m.onnx")
    found = {f.tensor: f.message for f in rfonnx.check(path, ["dynamic-axes"], shapes={"x": (1, 2, 12, 8)}).findings}
    assert found["h"].startswith("'h' is free: the model runs at x 1x2x24x8 and x 1x2x48x8; not at x 1x2x18x8: model")
    assert found["n"] == "'n' is free: the model runs at x 2x2x12x8 and x 4x2x12x8"


def test_a_model_without_free_axes(tmp_path: Path) -> None:
    net = small_nets.model([node("Relu", ["x"], ["y"])], {"x": (1, 4)}, {"y": (1, 4)})
    found = rfonnx.check(small_nets.save(net, tmp_path / "m.onnx"), ["dynamic-axes"]).findings
    assert [f.status for f in found] == ["skip"]


def test_a_run_that_would_take_too_long_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("rfonnx.checking.rules.free_axes"), "MOST", 0)
    path = small_nets.save(hourglass(), tmp_path / "m.onnx")
    found = rfonnx.check(path, ["dynamic-axes"], shapes={"x": (1, 2, 12, 8)}).findings
    assert {f.status for f in found} == {"fail"}
    assert all("was not tried" in f.message for f in found)
