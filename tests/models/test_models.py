"""The committed models: rebuilt byte for byte, valid, small, and with the fields that models/README.md works by hand."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx

FOLDER = Path(__file__).parents[2] / "models"
FILES = sorted(path.name for path in FOLDER.glob("*.onnx"))


def readme_table() -> list[list[str]]:
    """Rows of the README's last table, header and rule left out."""
    table = (FOLDER / "README.md").read_text(encoding="utf-8").split("## The fields")[1]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if ".onnx" in line]


ROWS = readme_table()


@pytest.fixture(scope="module")
def analyses():
    return {name: rfonnx.analyze(FOLDER / name) for name in FILES}


def test_every_file_is_built_and_worked_by_hand(recipes):
    assert sorted(recipes.FILES) == FILES
    assert set(FILES) == {row[0] for row in ROWS}


@pytest.mark.parametrize("name", FILES)
def test_the_builder_gives_the_committed_bytes(recipes, name):
    assert recipes.FILES[name]().SerializeToString(deterministic=True) == (FOLDER / name).read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_files_are_valid_and_small(name):
    path = FOLDER / name
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    assert path.stat().st_size < 3_000_000
    assert (model.producer_name, model.ir_version <= 10, model.opset_import[0].version <= 21) == ("rfonnx", True, True)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]}-{row[1]}" for row in ROWS])
def test_fields_are_those_worked_by_hand(analyses, row):
    file, tensor, axes, kind, *columns = row
    a = analyses[file]
    axes = [int(axis) for axis in axes.split(",")]
    for place, axis in enumerate(axes):
        field = a.tensors[tensor].fields[a.inputs[0], axis]
        sizes, stride, start, period = (entry(column, place) for column in columns)
        smallest, _, largest = sizes.partition("..")
        expected = {"kind": kind}
        if sizes:
            expected |= {"size_min": int(smallest), "size": int(largest or smallest)}
        if stride:
            expected |= {"stride": Fraction(stride), "tensor_axis": axis}
        if start:
            expected["start"] = int(start)
        if period:
            expected["period"] = int(period)
        assert {key: getattr(field, key) for key in expected} == expected, f"axis {axis}"


def entry(column: str, place: int) -> str:
    """The number for the axis at `place`; a lone number holds for all axes."""
    numbers = [number.strip() for number in column.split(",")]
    return numbers[0] if len(numbers) == 1 else numbers[place]


@pytest.mark.parametrize("name", FILES)
def test_every_tensor_is_exact(analyses, name):
    a = analyses[name]
    assert a.tensors, "no tensor was analysed"
    assert [t.name for t in a.tensors.values() if not t.exact] == []


def test_unet_intervals_follow_the_formula(analyses):
    x = np.arange(224)
    lo, hi = analyses["unet.onnx"].intervals("mask", input="x", axis=2, clip=False)
    assert np.array_equal(lo.ravel(), 16 * ((x - 30) // 16) - 62)
    assert np.array_equal(hi.ravel(), 16 * ((x + 30) // 16) + 77)


def test_unet_middle_pixel_sees_most_of_the_image(analyses):
    field = analyses["unet.onnx"].tensors["mask"].fields["x", 2]
    assert field.coverage == (205 - 18 + 1) / 224  # x = 112: floors 5 and 8, so 18 .. 205


def test_wavenet_sees_the_past_alone(analyses):
    t = np.arange(1100)
    lo, hi = analyses["wavenet.onnx"].intervals("logits", input="audio", axis=2)
    assert np.array_equal(lo.ravel(), np.maximum(t - 1023, 0))
    assert np.array_equal(hi.ravel(), t)


def test_inception_joins_branches_with_two_centers(analyses):
    a = analyses["inception.onnx"]
    for axis in (2, 3):
        assert a.tensors["a"].fields["x", axis].aligned
        field = a.tensors["b"].fields["x", axis]
        assert not field.aligned
        assert sorted(field.offsets) == [2, 6]


def test_vit_tokens_see_their_patch(analyses):
    a = analyses["vit.onnx"]
    assert a.tensors["patch_tokens"].fields["x", 2].coverage == 8 / 48
    assert a.tensors["patch_tokens"].fields["x", 3].coverage == 8 / 64
    token = np.arange(48)
    for axis, first in ((2, 8 * (token // 8)), (3, 8 * (token % 8))):
        lo, hi = a.intervals("patch_tokens", input="x", axis=axis)
        assert np.array_equal(lo.ravel(), first)
        assert np.array_equal(hi.ravel(), first + 7)
        lo, hi = a.intervals("tokens", input="x", axis=axis)
        assert lo.ravel()[0] > hi.ravel()[0], "the class token reads nothing"
        lo, hi = a.intervals("block0", input="x", axis=axis)
        assert (lo == 0).all()
        assert (hi == (48, 64)[axis - 2] - 1).all()


def test_squeeze_and_excitation_is_global_from_the_first_gate_on(analyses):
    a = analyses["se.onnx"]
    for axis, length in ((2, 32), (3, 40)):
        assert a.tensors["block1.conv2"].fields["x", axis].coverage < 1
        assert a.tensors["block1.scale"].fields["x", axis].coverage == 1
        lo, hi = a.intervals("block1.scale", input="x", axis=axis)
        assert (lo == 0).all()
        assert (hi == length - 1).all()
