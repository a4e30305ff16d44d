"""From samples to the arrays one model takes: colour, size, scale, layout, type, and the batch axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rfonnx.data.bound import without_bound
from rfonnx.data.preparation import Preparation
from rfonnx.data.samples import Sample
from rfonnx.errors import DataError, SampleError
from rfonnx.plain import shape_text

CHANNELS = (1, 3)
"""Axis lengths that are taken for colour channels."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input as the session declares it; symbolic dimensions are None.

    Attributes:
        label: what messages call the model.
        partner: the teacher's name of this input, under which data may hold it too.
        batch: its axis that counts samples; None: it has none.
    """

    label: str
    name: str
    partner: str
    shape: tuple[int | None, ...]
    dtype: np.dtype
    batch: int | None = 0


class Preparer:
    """Makes one model's feeds from a sample."""

    def __init__(
        self, specs: Sequence[InputSpec], preparation: Preparation, values: Mapping[str, np.ndarray] | None = None
    ) -> None:
        """`values`: of the inputs that are bound, which samples need not hold."""
        self._specs = specs
        self._values = values or {}
        self._preparation = preparation
        self._asked = preparation != Preparation()

    def __call__(self, sample: Sample) -> dict[str, np.ndarray]:
        """Arrays by input name, without a batch axis where the input has one.

        Raises:
            SampleError: the sample does not fit the model.
        """
        arrays = without_bound(sample.name, sample.arrays, self._values) if self._values else sample.arrays
        return {spec.name: self._fit(sample, spec, self._pick(sample, arrays, spec)) for spec in self._specs}

    def _pick(self, sample: Sample, arrays: Mapping[str, np.ndarray], spec: InputSpec) -> np.ndarray:
        for name in (spec.name, spec.partner):
            if name in arrays:
                return arrays[name]
        if len(arrays) == 1 and len(self._specs) == 1:
            return next(iter(arrays.values()))
        have = ", ".join(f"'{name}'" for name in arrays if name) or "one array without a name"
        want = ", ".join(f"'{other.name}'" for other in self._specs)
        raise SampleError(
            f"sample '{sample.name}' has {have}, but {spec.label} takes {want}", "give a .npz with an array per input"
        )

    def _changes(self, sample: Sample) -> bool:
        return sample.image or self._asked

    def _fit(self, sample: Sample, spec: InputSpec, array: np.ndarray) -> np.ndarray:
        axis = spec.batch
        wanted = spec.shape if axis is None else (*spec.shape[:axis], *spec.shape[axis + 1 :])
        if (
            array.shape == wanted
            and array.dtype == spec.dtype
            and array.flags.c_contiguous
            and not self._changes(sample)
        ):
            return array  # nearly all samples of nearly all files: no copy, so that two models share one
        if sample.image:
            array = prepare_image(array, spec, self._preparation, sample.name)
        elif self._asked and array.ndim == 3:
            array = prepare_tensor(array, spec, self._preparation)
        elif axis is not None and array.ndim == len(spec.shape) and array.shape[axis] == 1:
            array = array.take(0, axis)
        if not fits(array.shape, wanted) and array.ndim == 3:
            array = _other_layout(array, wanted)
        if not fits(array.shape, wanted):
            raise SampleError(
                f"sample '{sample.name}' has the shape {shape_text(array.shape)} for input '{spec.name}' of {spec.label}, "
                f"which takes {shape_text(wanted)} per sample",
                "set size, crop, layout or channels for that model, or mend the data",
            )
        if array.dtype != spec.dtype and not np.can_cast(array.dtype, spec.dtype, "same_kind"):
            raise SampleError(
                f"sample '{sample.name}' has the type {array.dtype} for input '{spec.name}' of {spec.label}, "
                f"which takes {spec.dtype}",
                "save it in that type",
            )
        return np.asarray(array, spec.dtype, order="C")  # np.ascontiguousarray gives a number an axis


def _other_layout(array: np.ndarray, wanted: Sequence[int | None]) -> np.ndarray:
    """Channels moved to the other end where that, and not less, makes the array fit."""
    for order in ((1, 2, 0), (2, 0, 1)):
        moved = array.transpose(order)
        if fits(moved.shape, wanted) and moved.shape[2 if order == (1, 2, 0) else 0] in CHANNELS:
            return moved
    return array


def fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    """True when every fixed dimension agrees."""
    return len(shape) == len(wanted) and all(w is None or n == w for n, w in zip(shape, wanted, strict=True))


def prepare_image(pixels: np.ndarray, spec: InputSpec, how: Preparation, name: str) -> np.ndarray:
    """A uint8 image, (H, W) or (H, W, channels), as `how` and the input's shape ask.

    Raises:
        SampleError: the input is no image, or the crop is larger than the image.
    """
    if len(spec.shape) != 4:
        raise SampleError(
            f"{spec.label} takes input '{spec.name}' of shape {shape_text(spec.shape)}, and '{name}' is an "
            f"image, which needs 4 axes",
            "give the samples as .npy or .npz",
        )
    nhwc = (how.layout or infer_layout(spec.shape)) == "nhwc"
    depth = spec.shape[3] if nhwc else spec.shape[1]
    rows, columns = spec.shape[1:3] if nhwc else spec.shape[2:4]
    mode = how.channels or ("grey" if depth == 1 else "rgb")
    fixed = (rows, columns) if rows is not None and columns is not None else None
    size = how.size if how.size is not None else (None if how.crop else fixed)

    image = resize_pixels(with_channels(pixels, mode), size)
    image = centre_crop(image, how.crop, name)
    if mode == "bgr":
        image = image[:, :, ::-1]
    if spec.dtype.kind == "f" or how.scale is not None or how.mean is not None or how.std is not None:
        scale = how.scale if how.scale is not None else (1 / 255 if spec.dtype.kind == "f" else 1.0)
        image = normalise(image.astype(np.float32) * np.float32(scale), how, -1, spec)
        if spec.dtype.kind != "f":
            limits = np.iinfo(spec.dtype)
            image = image.round().clip(limits.min, limits.max)
    return (image if nhwc else image.transpose(2, 0, 1)).astype(spec.dtype)


def prepare_tensor(array: np.ndarray, spec: InputSpec, how: Preparation) -> np.ndarray:
    """A sample of three axes, channels first (or last, when the model's layout says so and the data fits it already).

    `size`, `crop`, `scale`, `mean` and `std` apply; nothing is assumed: a float array is not scaled unless that is
    asked.
    """
    layout = how.layout or infer_layout(spec.shape)
    if array.shape[0] not in CHANNELS and array.shape[-1] in CHANNELS:
        array = array.transpose(2, 0, 1)
    planes = array.astype(np.float32)
    if how.size is not None:
        planes = resize_planes(planes, how.size)
    planes = np.moveaxis(centre_crop(np.moveaxis(planes, 0, -1), how.crop, "the array"), -1, 0)
    if how.channels == "bgr":
        planes = planes[::-1]
    if how.scale is not None:
        planes = planes * np.float32(how.scale)
    planes = normalise(planes, how, 0, spec)
    return np.moveaxis(planes, 0, -1) if layout == "nhwc" else planes


def infer_layout(shape: Sequence[int | None]) -> str:
    """ "nhwc" when only the last axis has a channel's length."""
    return "nhwc" if len(shape) == 4 and shape[3] in CHANNELS and shape[1] not in CHANNELS else "nchw"


def with_channels(pixels: np.ndarray, mode: str) -> np.ndarray:
    """(H, W, 1) for "grey", else (H, W, 3) in RGB order; alpha is dropped."""
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if mode == "grey":
        if pixels.ndim == 3:
            # ITU-R 601-2 luma, as Pillow's mode "L": R * 299/1000 + G * 587/1000 + B * 114/1000.
            weighted = pixels[:, :, :3] @ np.array([19595, 38470, 7471], np.int64)
            pixels = ((weighted + 0x8000) >> 16).astype(np.uint8)
        return pixels[:, :, None]
    return np.repeat(pixels[:, :, None], 3, 2) if pixels.ndim == 2 else pixels[:, :, :3]


def target_size(size: tuple[int, int] | int, rows: int, columns: int) -> tuple[int, int]:
    """Rows and columns after the resize; one number is the length of the shorter side."""
    if not isinstance(size, int):
        return size
    short = min(rows, columns)
    return (rows * size // short, columns * size // short)


def resize_pixels(image: np.ndarray, size: tuple[int, int] | int | None) -> np.ndarray:
    """uint8 (H, W, channels), resized by Pillow: bilinear, antialiased when it shrinks."""
    if size is None or target_size(size, *image.shape[:2]) == image.shape[:2]:
        return image
    from rfonnx.data.images import pillow

    rows, columns = target_size(size, *image.shape[:2])
    class_ = pillow()
    from PIL import Image

    flat = image[:, :, 0] if image.shape[2] == 1 else image
    made = np.asarray(Image.fromarray(np.ascontiguousarray(flat)).resize((columns, rows), Image.Resampling.BILINEAR))
    assert class_ is not None
    return made.reshape(rows, columns, image.shape[2])


def resize_planes(planes: np.ndarray, size: tuple[int, int] | int) -> np.ndarray:
    """float32 (channels, H, W), resized like images, without rounding."""
    rows, columns = target_size(size, *planes.shape[1:])
    if (rows, columns) == planes.shape[1:]:
        return planes
    from rfonnx.data.images import pillow

    pillow()
    from PIL import Image

    made = [
        np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize((columns, rows), Image.Resampling.BILINEAR))
        for plane in planes
    ]
    return np.stack(made)


def centre_crop(image: np.ndarray, crop: tuple[int, int] | None, name: str) -> np.ndarray:
    """The middle of (H, W, channels); odd remainders leave one row more at the end.

    Raises:
        DataError: the image is smaller than the crop.
    """
    if crop is None:
        return image
    top, left = (image.shape[0] - crop[0]) // 2, (image.shape[1] - crop[1]) // 2
    if top < 0 or left < 0:
        raise DataError(
            f"'{name}' has {image.shape[0]} x {image.shape[1]} pixels, too few for a crop of {crop[0]} x {crop[1]}",
            "set a size that is no smaller than the crop",
        )
    return image[top : top + crop[0], left : left + crop[1]]


def normalise(values: np.ndarray, how: Preparation, axis: int, spec: InputSpec) -> np.ndarray:
    """Minus the mean, over the standard deviation, per channel along `axis`."""
    for numbers, apply in ((how.mean, np.subtract), (how.std, np.divide)):
        if numbers is not None:
            depth = values.shape[axis]
            if len(numbers) not in (1, depth):
                raise DataError(
                    f"{len(numbers)} numbers of mean or std for the {depth} channels of input '{spec.name}' of {spec.label}",
                    "give one number, or one per channel",
                )
            shape = [1] * values.ndim
            shape[axis] = len(numbers)
            values = apply(values, np.array(numbers, np.float32).reshape(shape))
    return values
