"""Which unit stands for a place: against a search over all units, and on models whose fields were worked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx
from erf.nets import Net
from rfonnx.effective.place import find_place
from rfonnx.effective.unit import find_unit, unit_at
from rfonnx.errors import QueryError

CASES = [
    ("resnet18.onnx", "layer2.1.relu"),
    ("resnet18.onnx", "layer4.1.relu"),
    ("inception.onnx", "mix.relu"),
    ("unet.onnx", "mask"),
    ("superres.onnx", "high"),
    ("wavenet.onnx", "logits"),
    ("conv3d.onnx", "stage2.relu"),
    ("dilated.onnx", "context"),
]


@pytest.mark.parametrize(("file", "tensor"), CASES)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
def test_no_unit_has_a_nearer_center(models: Path, file: str, tensor: str, share: float) -> None:
    analysis = rfonnx.analyze(models / file)
    place = find_place(analysis, None, None, "center")
    wanted = [share * (n - 1) for n in place.lengths]
    place = find_place(analysis, None, None, wanted)
    unit = find_unit(analysis, tensor, place)
    found = sum((c - w) ** 2 for c, w in zip(unit.center, wanted, strict=True))
    best: np.ndarray | float = 0.0
    for axis, where in zip(place.axes, wanted, strict=True):
        lo, hi = analysis.intervals(tensor, place.input, axis, clip=False)
        best = best + ((lo + hi) / 2 - where) ** 2
    assert found == pytest.approx(np.min(best))


def test_resnet_padding_moves_the_center(models: Path) -> None:
    """Stride 32: position 3 is centred at 96, position 4 at 128; the middle of 224 is 111.5."""
    analysis = rfonnx.analyze(models / "resnet18.onnx")
    for at, position in (("center", 3), ((113.0, 113.0), 4), ((0.0, 0.0), 0), ((223.0, 223.0), 6)):
        unit = find_unit(analysis, "layer4.1.relu", find_place(analysis, None, None, at))
        assert unit.position == (0, None, position, position)
        assert unit.center == (32 * position, 32 * position)


def test_with_stride_1_the_middle_is_the_later_of_two(models: Path) -> None:
    analysis = rfonnx.analyze(models / "dilated.onnx")
    unit = find_unit(analysis, "context", find_place(analysis, None, None, "center"))
    assert unit.position == (0, None, 40, 48)


def test_of_three_pixels_with_one_center_the_middle_one(models: Path) -> None:
    analysis = rfonnx.analyze(models / "superres.onnx")
    unit = find_unit(analysis, "high", find_place(analysis, None, None, (15.0, 20.0)))
    assert unit.position == (0, None, 46, 61)


def test_tokens_keep_their_place_through_attention(models: Path) -> None:
    """Patches of 8 in 6 x 8, behind a class token: the patch at (20, 43) is 2 * 8 + 5, the token one further."""
    analysis = rfonnx.analyze(models / "vit.onnx")
    place = find_place(analysis, None, None, (20.0, 43.0))
    assert find_unit(analysis, "tokens", place).position == (0, 22, None)
    deep = find_unit(analysis, "block2", place)
    assert deep.position[1] == 22
    assert "every unit of 'block2' sees the same" in deep.note
    assert deep.field == ((0, 47), (0, 63))


def test_pixels_behind_a_gate_are_found_in_proportion(models: Path) -> None:
    analysis = rfonnx.analyze(models / "se.onnx")
    unit = find_unit(analysis, "block2.relu", find_place(analysis, None, None, (31.0, 0.0)))
    assert unit.position[2:] == (15, 0)
    assert "taken in proportion" in unit.note


def test_channels_after_a_concat_are_no_places(models: Path) -> None:
    """The branches of `b` are centred 4 pixels apart: both belong to the unit."""
    analysis = rfonnx.analyze(models / "inception.onnx")
    unit = find_unit(analysis, "b", find_place(analysis, None, None, "center"))
    assert unit.position[1] is None
    boxes = [analysis.box("b", (0, channel, *unit.position[2:]), clip=False) for channel in range(unit.shape[1])]
    rows = [box["x"][2] for box in boxes if box]
    assert unit.unbounded[0] == (min(lo for lo, _ in rows), max(hi for _, hi in rows))


def test_a_logit_sees_all_and_has_no_place(models: Path) -> None:
    analysis = rfonnx.analyze(models / "resnet18.onnx")
    unit = find_unit(analysis, "fc", find_place(analysis, None, None, "center"))
    assert unit.position == (0, None)
    assert unit.note == "no axis of 'fc' has places"
    assert unit.field == ((0, 223), (0, 223))


def test_positions_may_be_given(models: Path) -> None:
    analysis = rfonnx.analyze(models / "resnet18.onnx")
    place = find_place(analysis, None, None, "center")
    assert unit_at(analysis, "conv1", (0, 3, -1, 0), place).position == (0, 3, 111, 0)
    for wrong in ((0, 3, 112, 0), (0, 3, 0), (0, 8, 0, 0)):
        with pytest.raises(QueryError, match=r"is not in tensor 'conv1' of shape 1x8x112x112; give one index per axis"):
            unit_at(analysis, "conv1", wrong, place)


def test_places_lie_inside_the_input(models: Path) -> None:
    analysis = rfonnx.analyze(models / "resnet18.onnx")
    for wrong in ((224.0, 3.0), (-1.0, 0.0), (3.0,), (1.0, 2.0, 3.0), (float("nan"), 0.0)):
        with pytest.raises(
            QueryError, match=r"resnet18.onnx: place .* is not in the input's axes \(2, 3\) of lengths 224x224"
        ):
            find_place(analysis, None, None, wrong)
    with pytest.raises(QueryError, match=r"at is 'middle'; give 'center' or 2 coordinates"):
        find_place(analysis, None, None, "middle")
    with pytest.raises(QueryError, match=r"there is no input 'y'; the inputs are 'x'"):
        find_place(analysis, "y", None, "center")
    with pytest.raises(QueryError, match=r"input 'x' of shape 1x3x224x224 has no axes \(4,\)"):
        find_place(analysis, None, (4,), "center")


def test_axes_are_those_a_window_slides_along() -> None:
    net = Net([1, 6, 20, 3])
    rows = net.constant(np.ones((4, 6, 5, 1), np.float32))
    analysis = rfonnx.analyze(net.model(net.op("Conv", "x", rows, name="y")))
    assert find_place(analysis, None, None, "center").axes == (2,)
    assert find_place(analysis, None, (-1, 2), "center").axes == (2, 3)


def test_without_windows_all_axes_but_the_batch_count() -> None:
    net = Net([1, 12])
    w = net.constant(np.ones((12, 4), np.float32))
    place = find_place(rfonnx.analyze(net.model(net.op("MatMul", "x", w, name="y"))), None, None, "center")
    assert (place.axes, place.lengths) == ((1,), (12,))


def test_halves_of_channels_that_look_ahead_and_back_are_no_places() -> None:
    """A recurrent layer of two directions, its states joined: time walks, channels do not."""
    net = Net([20, 1, 3])
    weights = [net.constant(net.random.standard_normal(shape).astype(np.float32)) for shape in ((2, 16, 3), (2, 16, 4))]
    states = net.op("LSTM", "x", *weights, direction="bidirectional", hidden_size=4)
    net.op("Reshape", net.op("Transpose", states, perm=[0, 2, 1, 3]), net.constant(np.array([20, 1, 8])), name="y")
    analysis = rfonnx.analyze(net.model("y"))
    assert find_unit(analysis, "y", find_place(analysis, None, (0,), "center")).position == (10, None, None)


def default_of(model: onnx.ModelProto | Path) -> str:
    return rfonnx.erf(model, n=1).tensor


@pytest.mark.parametrize(
    ("file", "tensor"),
    [
        ("resnet18.onnx", "layer4.1.relu"), ("unet.onnx", "mask"), ("vit.onnx", "block2"), ("se.onnx", "block2.relu"),
        ("wavenet.onnx", "logits"), ("superres.onnx", "high"), ("inception.onnx", "mix.relu"), ("conv3d.onnx", "stage2.relu"),
    ],
)  # fmt: skip
def test_the_default_tensor_is_the_last_with_places(models: Path, file: str, tensor: str) -> None:
    assert default_of(models / file) == tensor


def attention(net: Net, tokens: str, query: str, width: int, name: str = "") -> str:
    """Softmax of query times keys, times values; keys and values are made of the tokens."""
    keys, values = (net.op("MatMul", tokens, net.constant(np.eye(width, dtype=np.float32))) for _ in "kv")
    scores = net.op("Softmax", net.op("MatMul", query, net.op("Transpose", keys, perm=[0, 2, 1])), axis=-1)
    return net.op("MatMul", scores, values, name=name)


def test_keys_and_values_are_a_side_road() -> None:
    """As in DETR: queries that are no places read the tokens; what is measured is what they read, and no keys of theirs."""
    net = Net([1, 2, 16, 16])
    patches = net.op(
        "Conv", "x", net.constant(net.random.standard_normal((6, 2, 4, 4)).astype(np.float32)), strides=[4, 4]
    )
    tokens = net.op("Transpose", net.op("Reshape", patches, net.constant(np.array([1, 6, 16]))), perm=[0, 2, 1])
    memory = net.op("Add", tokens, attention(net, tokens, tokens, 6), name="memory")
    query = net.constant(net.random.standard_normal((1, 3, 6)).astype(np.float32))
    assert default_of(net.model(attention(net, memory, query, 6, name="y"))) == "memory"
