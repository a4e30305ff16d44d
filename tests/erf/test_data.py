"""Where samples come from, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx
from erf.nets import Net, local_net
from rfonnx.effective.data import samples
from rfonnx.effective.settings import Progress
from rfonnx.errors import DataError, QueryError
from rfonnx.model.inputs import BAND, InputType, draw

RANDOM = np.random.default_rng(2)
TYPES = {"x": InputType((1, 2, 4), np.dtype(np.float32)), "k": InputType((1, 3), np.dtype(np.int64), (0, 6))}


def squaring_net() -> onnx.ModelProto:
    """Gradient 2x, of the pixel alone."""
    net = Net([1, 1, 6, 6])
    return net.model(net.op("Mul", "x", "x", name="y"))


def test_random_samples_are_the_same_for_the_same_seed() -> None:
    one, other, moved = draw(TYPES, 0, 3), draw(TYPES, 0, 3), draw(TYPES, 1, 3)
    np.testing.assert_array_equal(one["x"], other["x"])
    assert not np.array_equal(one["x"], moved["x"])
    assert one["x"].dtype == np.float32
    many = np.concatenate([draw(TYPES, 0, index)["k"] for index in range(100)])
    assert (many.min(), many.max(), many.dtype) == (0, 6, np.int64)


def test_random_samples_do_not_depend_on_the_window() -> None:
    length = 5 * BAND // 2
    whole = InputType((1, 1, length, 8), np.dtype(np.float32))
    cut = InputType(whole.shape, whole.dtype, window={2: (BAND + 3, BAND + 5)})
    a, b = draw({"x": whole}, 0, 0)["x"], draw({"x": cut}, 0, 0)["x"]
    np.testing.assert_array_equal(a[:, :, BAND : 2 * BAND], b[:, :, BAND : 2 * BAND])
    assert (b[:, :, :BAND] == 0).all()
    assert (b[:, :, 2 * BAND :] == 0).all()
    assert abs(a.mean()) < 0.2
    assert a.std() == pytest.approx(1, abs=0.1)


def test_arrays_mappings_and_iterables_are_the_same_samples() -> None:
    array = RANDOM.standard_normal((5, 1, 6, 6)).astype(np.float32)
    expected = rfonnx.erf(squaring_net(), "y", data=array)
    for data in ({"x": array}, list(array), iter(array), ({"x": row} for row in array), array.astype(np.float64)):
        found = rfonnx.erf(squaring_net(), "y", data=data)
        np.testing.assert_array_equal(found.map, expected.map)
        assert found.samples == 5
    assert rfonnx.erf(squaring_net(), "y", data=array, n=2).samples == 2
    row, column = expected.position[2:]
    assert row is not None
    assert expected.scale == pytest.approx(np.abs(2 * array[:, 0, row, column]).mean(), rel=1e-6)


@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_files(tmp_path: Path, ending: str) -> None:
    array = RANDOM.standard_normal((5, 1, 6, 6)).astype(np.float32)
    path = tmp_path / f"data.{ending}"
    np.save(path, array) if ending == "npy" else np.savez(path, x=array)
    np.testing.assert_array_equal(
        rfonnx.erf(squaring_net(), "y", data=path).map, rfonnx.erf(squaring_net(), "y", data=array).map
    )


def test_images_are_scaled_to_the_input(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = RANDOM.integers(0, 256, (6, 6), np.uint8)
    image.fromarray(pixels).save(tmp_path / "a.png")
    found = rfonnx.erf(squaring_net(), "y", data=tmp_path)
    row, column = found.position[2:]
    assert found.scale == pytest.approx(2 * pixels[row, column] / 255, rel=1e-5)
    assert found.data.startswith("1 files in")


def test_samples_are_read_one_by_one_and_no_further_than_needed() -> None:
    taken = []

    def endless() -> Iterator[np.ndarray]:
        while True:
            taken.append(1)
            yield np.ones((1, 6, 6), np.float32)

    erf = rfonnx.erf(squaring_net(), "y", data=endless(), tolerance=0.1, batch=1)
    assert erf.converged is True
    assert erf.samples == len(taken) == 8


def test_not_converged() -> None:
    erf = rfonnx.erf(local_net(), "y", n=10, tolerance=1e-6)
    assert (erf.converged, erf.samples) == (False, 10)
    assert erf.half_width > 1e-6
    assert rfonnx.erf(local_net(), "y", n=10).converged is None


def test_more_samples_narrow_the_interval() -> None:
    few, many = (rfonnx.erf(local_net(), "y", n=n) for n in (10, 160))
    assert many.half_width == pytest.approx(few.half_width / 4, rel=0.3)


def test_progress_is_told() -> None:
    told: list[Progress] = []
    rfonnx.erf(local_net(), "y", n=5, batch=1, progress=told.append)
    assert [at.samples for at in told] == [0, 1, 2, 3, 4, 5]
    assert {at.total for at in told} == {5}


def test_samples_that_are_not_finite_are_left_out_and_named() -> None:
    array = RANDOM.standard_normal((4, 1, 6, 6)).astype(np.float32)
    expected = rfonnx.erf(squaring_net(), "y", data=array[[0, 3]])
    array[1, 0, 3, 3] = np.nan
    array[2, 0, 3, 3] = np.inf
    for batch in (1, 2):
        found = rfonnx.erf(squaring_net(), "y", data=array, batch=batch)
        assert found.samples == 2
        assert [one.sample for one in found.skipped] == ["sample 1", "sample 2"]
        assert all("NaN or infinite" in one.reason for one in found.skipped)
        np.testing.assert_array_equal(found.map, expected.map)
    perturbed = rfonnx.erf(squaring_net(), "y", data=array, method="perturb")
    assert [one.sample for one in perturbed.skipped] == ["sample 1", "sample 2"]


def test_nothing_but_nan_is_an_error() -> None:
    array = np.full((3, 1, 6, 6), np.nan, np.float32)
    with pytest.raises(DataError, match=r"model: none of 3 samples gave a finite map of 'y': sample 0: \d+ NaN"):
        rfonnx.erf(squaring_net(), "y", data=array)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (np.zeros((2, 1, 6, 7), np.float32), r"sample 0 has the shape 1x6x7 for input 'x', which takes 1x1x6x6"),
        ({"z": np.zeros((2, 1, 6, 6))}, r"there is no input 'z'; the inputs are 'x'"),
        ({}, r"data holds no arrays; the inputs are 'x'"),
        (np.zeros((2, 1, 6, 6), np.complex64), r"sample 0 has the type complex64 for input 'x', which takes float32"),
        (np.full((2, 1, 6, 6), "1"), r"sample 0 has the type <U1 for input 'x', which takes float32"),
        (
            np.zeros((1, 6, 6), np.float32),
            r"sample 0 has the shape 6x6 .*; give arrays of that shape, with or without its batch axis",
        ),
        ({"x": np.zeros((0, 1, 6, 6))}, r"the arrays hold \[0\] samples; axis 0 counts"),
        ([{"z": np.zeros((1, 6, 6))}], r"sample 0 has an array 'z'; the inputs are 'x'"),
        (7, r"data is a int; give an array"),
        ("/nowhere/at/all", r"data '/nowhere/at/all' does not exist"),
    ],
)
def test_data_that_does_not_fit(data: object, text: str) -> None:
    with pytest.raises(DataError, match=text):
        rfonnx.erf(squaring_net(), "y", data=data)


def test_ways_out_are_those_that_there_are(tmp_path: Path) -> None:
    """Other commands skip what cannot be read, and set sizes; this one does not."""
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"'a.png' cannot be read .*; replace or remove it: images are resized"):
        rfonnx.erf(squaring_net(), "y", data=tmp_path)


def test_no_samples_at_all() -> None:
    with pytest.raises(DataError, match=r"the data holds no samples; give at least one"):
        rfonnx.erf(squaring_net(), "y", data=iter([]))


def test_a_fixed_batch_is_filled_with_the_sample() -> None:
    net = Net([3, 1, 6, 6])
    model = net.model(net.op("Mul", "x", "x", name="y"))
    array = RANDOM.standard_normal((2, 1, 6, 6)).astype(np.float32)
    np.testing.assert_allclose(
        rfonnx.erf(model, "y", data=array).map, rfonnx.erf(squaring_net(), "y", data=array).map, atol=1e-7
    )


def test_other_inputs_are_drawn() -> None:
    """y = x * g: the gradient by x is the other input."""
    net = Net([1, 1, 6, 6])
    net.inputs.append(onnx.helper.make_tensor_value_info("g", onnx.TensorProto.FLOAT, [1, 1, 6, 6]))
    model = net.model(net.op("Mul", "x", "g", name="y"))
    array = np.zeros((3, 1, 6, 6), np.float32)
    erf = rfonnx.erf(model, "y", data={"x": array})
    assert erf.scale > 0
    assert rfonnx.erf(model, "y", data={"x": array + 1}, input="g").scale == 1


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"n": 0}, "n is 0; give a whole number from 1 to"),
        ({"batch": 0}, "batch is 0; give a whole number from 1 to"),
        ({"tolerance": 0.0}, "tolerance is 0; give a number above 0, at most 1"),
        ({"method": "magic"}, "method is 'magic'; it can be gradient, perturb, auto"),
        ({"probe": "magic"}, "probe is 'magic'; it can be difference, mean"),
        ({"aggregation": "magic"}, "aggregation is 'magic'; it can be absolute, positive, square"),
        ({"over": "magic"}, "over is 'magic'; it can be sum, mean"),
        ({"channel": "magic"}, "channel is 'magic'; it can be sum, random or a number"),
        ({"channel": 2}, r"tensor 'y' of shape 1x2x20x20 has no channel 2"),
        ({"channel": 1.5}, r"channel is 1.5; it can be sum, random or a number"),
        ({"channel": True}, r"channel is True; it can be sum, random or a number"),
        (
            {"channel": 0, "position": (0, 1, 5, 5)},
            r"position 0,1,5,5 sums along no axis of 'y' that channel 0 could choose",
        ),
        ({"n": 1.5}, "n is 1.5; give a whole number"),
        ({"seed": -1}, "seed is -1; give a whole number from 0 to"),
        ({"seed": None}, "seed is None; give a whole number"),
        ({"threads": 0}, "threads is 0; give a whole number from 1 to 1024"),
        ({"threads": 10**5}, "threads is 100000; give a whole number from 1 to 1024"),
        ({"tolerance": "5%"}, "tolerance is '5%'; give a number above 0, at most 1"),
        ({"axes": "all"}, "axes is 'all'; give whole numbers"),
        ({"axes": 2}, "axes is 2; give whole numbers"),
        ({"axes": (2.0,)}, "axes is 2.0; give whole numbers"),
        ({"probe": "noise"}, 'probe and block say how the input is perturbed; measure with method "perturb"'),
        ({"block": 2}, 'probe and block say how the input is perturbed; measure with method "perturb"'),
        ({"position": (0, 1.0, 5, 5)}, r"an index of the position is 1.0; give one index per axis"),
        ({"position": 3}, r"position is 3; give one index per axis"),
        ({"position": (0, None, 5, 5), "at": (3, 3)}, "a unit is asked for both by its place and by its position"),
        ({"at": None}, "at is None; give one coordinate per axis"),
        ({"at": ("a", "b")}, r"at is \('a', 'b'\); give one coordinate per axis"),
        ({"providers": "cuda"}, r"provider 'cuda' is not in this build of onnxruntime"),
    ],
)
def test_options_that_cannot_be(options: dict[str, object], text: str) -> None:
    with pytest.raises((QueryError, DataError), match=text):
        rfonnx.erf(local_net(), "y", **options)


def test_sample_counts_of_files_are_known_before(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((7, 2, 4), np.float32))
    types = {"x": TYPES["x"]}
    assert samples(tmp_path / "a.npy", types, None, 0).total == 7
    assert samples(tmp_path / "a.npy", types, 3, 0).total == 3
    assert samples(iter([]), types, None, 0).total is None
