"""Images as inputs, against Pillow and plain numpy, in torchvision's usual recipe."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from rfonnx.data.fitting import InputSpec
from rfonnx.data.preparation import Preparation
from rfonnx.data.prepare import Preparer
from rfonnx.data.samples import Sample
from rfonnx.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)


def prepared(
    how: Preparation, shape: tuple[int | None, ...], pixels: np.ndarray = PIXELS, dtype: str = "float32"
) -> np.ndarray:
    spec = InputSpec("the model", "x", "x", shape, np.dtype(dtype))
    return Preparer([spec], how)(Sample("s", {"": pixels}, image=True))["x"]


def test_defaults_follow_the_input() -> None:
    made = prepared(Preparation(), (None, 3, 20, 30))
    resized = np.asarray(Image.fromarray(PIXELS).resize((30, 20), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(made, resized.transpose(2, 0, 1) / 255, rtol=1e-6)
    assert made.dtype == np.float32


def test_resize_crop_normalise() -> None:
    """Resize(32), CenterCrop(24), ToTensor, Normalize."""
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    made = prepared(Preparation(size=32, crop=(24, 24), mean=mean, std=std), (1, 3, 24, 24))
    resized = np.asarray(Image.fromarray(PIXELS).resize((48, 32), Image.Resampling.BILINEAR))[4:28, 12:36]
    expected = (resized / 255 - mean) / std
    np.testing.assert_allclose(made, expected.transpose(2, 0, 1), rtol=1e-4, atol=1e-5)


def test_grey_is_pillow_s_luma() -> None:
    made = prepared(Preparation(), (None, 1, 40, 60))
    np.testing.assert_allclose(made[0] * 255, np.asarray(Image.fromarray(PIXELS).convert("L")), atol=1e-4)


def test_grey_image_for_three_channels() -> None:
    made = prepared(Preparation(), (None, 3, 40, 60), PIXELS[:, :, 0])
    np.testing.assert_allclose(made, np.stack([PIXELS[:, :, 0] / 255] * 3), rtol=1e-6)


def test_bgr_and_channels_last() -> None:
    made = prepared(Preparation(channels="bgr", scale=1.0), (1, 40, 60, 3))
    np.testing.assert_array_equal(made, PIXELS[:, :, ::-1])


def test_mean_follows_the_channel_order() -> None:
    made = prepared(Preparation(channels="bgr", scale=1.0, mean=(1.0, 2.0, 3.0)), (1, 3, 40, 60))
    np.testing.assert_array_equal(made, PIXELS[:, :, ::-1].transpose(2, 0, 1) - np.array([1, 2, 3])[:, None, None])


def test_integer_inputs_take_pixels() -> None:
    np.testing.assert_array_equal(prepared(Preparation(), (1, 40, 60, 3), dtype="uint8"), PIXELS)


def test_free_sizes_keep_the_image_s() -> None:
    assert prepared(Preparation(), (None, 3, None, None)).shape == (3, 40, 60)


def tensor(
    array: np.ndarray, shape: tuple[int | None, ...], how: Preparation | None = None, dtype: str = "float32"
) -> np.ndarray:
    spec = InputSpec("the model", "x", "x", shape, np.dtype(dtype))
    return Preparer([spec], how or Preparation())(Sample("s", {"": array}))["x"]


def test_arrays_that_fit_are_not_touched() -> None:
    array = np.random.default_rng(1).standard_normal((3, 5, 6)).astype(np.float32)
    np.testing.assert_array_equal(tensor(array, (None, 3, 5, 6)), array)
    np.testing.assert_array_equal(tensor(array[None], (None, 3, 5, 6)), array)


def test_channels_move_where_the_input_has_them_last() -> None:
    array = np.random.default_rng(2).standard_normal((3, 5, 6)).astype(np.float32)
    np.testing.assert_array_equal(tensor(array, (None, 5, 6, 3)), array.transpose(1, 2, 0))
    np.testing.assert_array_equal(tensor(array.transpose(1, 2, 0), (None, 3, 5, 6)), array)


def test_arrays_are_resized_only_when_asked() -> None:
    array = np.random.default_rng(3).standard_normal((2, 8, 8)).astype(np.float32)
    assert tensor(array, (None, 2, 4, 4), Preparation(size=(4, 4))).shape == (2, 4, 4)
    with pytest.raises(DataError, match=r"has the shape 2x8x8 for input 'x' of the model, which takes 2x4x4"):
        tensor(array, (None, 2, 4, 4))


def test_types_are_widened_but_not_guessed() -> None:
    assert tensor(np.zeros(4, np.float64), (None, 4)).dtype == np.float32
    with pytest.raises(DataError, match="has the type float64"):
        tensor(np.zeros(4), (None, 4), dtype="int64")


def test_image_for_an_input_of_two_axes() -> None:
    with pytest.raises(DataError, match="is an image, which needs 4 axes"):
        prepared(Preparation(), (None, 7))


def test_crop_larger_than_the_image() -> None:
    with pytest.raises(DataError, match="too few for a crop of 50 x 50"):
        prepared(Preparation(crop=(50, 50)), (None, 3, 50, 50))


def test_numbers_per_channel() -> None:
    with pytest.raises(DataError, match="2 numbers of mean or std for the 3 channels"):
        prepared(Preparation(mean=(0.1, 0.2)), (None, 3, 40, 60))


def test_several_inputs_by_name() -> None:
    specs = [
        InputSpec("the model", name, other, (None, 2), np.dtype("float32")) for name, other in (("a", "a"), ("c", "b"))
    ]
    feeds = Preparer(specs, Preparation())(Sample("s", {"a": np.zeros(2), "b": np.ones(2)}))
    assert feeds["c"].tolist() == [1, 1]
    with pytest.raises(DataError, match="sample 's' has 'z', but the model takes 'a', 'c'"):
        Preparer(specs, Preparation())(Sample("s", {"z": np.zeros(2)}))
