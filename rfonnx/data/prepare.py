"""From samples to the arrays one model takes: colour, size, scale, layout, type, and the batch axis."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from rfonnx.data.bound import without_bound
from rfonnx.data.fitting import CHANNELS, InputSpec, check_stored, fits, misfit, moved_channels
from rfonnx.data.images import MAX_PIXELS, pillow
from rfonnx.data.lazy import Lazy
from rfonnx.data.preparation import Preparation
from rfonnx.data.samples import Sample
from rfonnx.errors import DataError, SampleError
from rfonnx.results.plain import shape_text


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
        names = [self._pick(sample, arrays, spec) for spec in self._specs]
        if isinstance(arrays, Lazy):
            for name, spec in zip(names, self._specs, strict=True):
                shape = arrays.shape(name)
                check_stored(sample.name, shape, spec, sample.image or (self._asked and len(shape) == 3))
        return {spec.name: self._fit(sample, spec, arrays[name]) for name, spec in zip(names, self._specs, strict=True)}

    def untouched(self, stored: Mapping[str, tuple[tuple[int, ...], np.dtype]]) -> dict[str, str] | None:
        """Array by input name, where all are handed on as they are, several at a time; None where not.

        Args:
            stored: shape of one sample and type, by name of the array.
        """
        if self._asked or self._values or any(spec.batch != 0 for spec in self._specs):
            return None
        found = {}
        for spec in self._specs:
            name = self._named(stored, spec)
            if name is None or stored[name][1] != spec.dtype or not fits(stored[name][0], spec.wanted):
                return None
            found[spec.name] = name
        return found

    def _named(self, names: Collection[str], spec: InputSpec) -> str | None:
        """Of the arrays' names that of an input: its own, its partner's, or the only one where there is one input."""
        alone = list(names) if len(names) == len(self._specs) == 1 else []
        return next((name for name in (spec.name, spec.partner, *alone) if name in names), None)

    def _pick(self, sample: Sample, arrays: Mapping[str, np.ndarray], spec: InputSpec) -> str:
        """Name of the array for an input."""
        name = self._named(arrays, spec)
        if name is not None:
            return name
        have = ", ".join(f"'{name}'" for name in arrays if name) or "one array without a name"
        want = ", ".join(f"'{other.name}'" for other in self._specs)
        raise SampleError(
            f"sample '{sample.name}' has {have}, but {spec.label} takes {want}", "give a .npz with an array per input"
        )

    def _changes(self, sample: Sample) -> bool:
        return sample.image or self._asked

    def _fit(self, sample: Sample, spec: InputSpec, array: np.ndarray) -> np.ndarray:
        axis, wanted = spec.batch, spec.wanted
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
        order = moved_channels(array.shape, wanted)
        if order is not None:
            array = array.transpose(order)
        if not fits(array.shape, wanted):
            raise misfit(sample.name, array.shape, spec)
        if array.dtype != spec.dtype and not np.can_cast(array.dtype, spec.dtype, "same_kind"):
            raise SampleError(
                f"sample '{sample.name}' has the type {array.dtype} for input '{spec.name}' of {spec.label}, "
                f"which takes {spec.dtype}",
                "save it in that type",
            )
        return np.asarray(array, spec.dtype, order="C")  # np.ascontiguousarray gives a number an axis


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
    image = center_crop(image, how.crop, name)
    if mode == "bgr":
        image = image[:, :, ::-1]
    if spec.dtype.kind == "f" or how.scale is not None or how.mean is not None or how.std is not None:
        scale = how.scale if how.scale is not None else (1 / 255 if spec.dtype.kind == "f" else 1.0)
        values = image.astype(np.float32)
        values *= np.float32(scale)
        image = normalise(values, how, -1, spec)
        if spec.dtype.kind != "f":
            limits = np.iinfo(spec.dtype)
            image = image.round().clip(limits.min, limits.max)
    return (image if nhwc else image.transpose(2, 0, 1)).astype(spec.dtype, copy=False)


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
    planes = np.moveaxis(center_crop(np.moveaxis(planes, 0, -1), how.crop, "the array"), -1, 0)
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
    """Rows and columns after the resize; one number is the length of the shorter side.

    Raises:
        DataError: the image has no pixels, or would have more than `MAX_PIXELS`.
    """
    short = min(rows, columns)
    if not short:
        raise DataError(f"an image of {rows} x {columns} pixels cannot be resized", "leave it out")
    made = (rows * size // short, columns * size // short) if isinstance(size, int) else size
    if made[0] * made[1] > MAX_PIXELS:
        raise DataError(
            f"an image of {rows} x {columns} pixels would be resized to {made[0]} x {made[1]}, more than {MAX_PIXELS} in all",
            "set a smaller size, or leave the image out",
        )
    return made


def resize_pixels(image: np.ndarray, size: tuple[int, int] | int | None) -> np.ndarray:
    """uint8 (H, W, channels), resized by Pillow: bilinear, antialiased when it shrinks."""
    if size is None or target_size(size, *image.shape[:2]) == image.shape[:2]:
        return image
    rows, columns = target_size(size, *image.shape[:2])
    flat = image[:, :, 0] if image.shape[2] == 1 else image
    return _bilinear(flat, rows, columns).reshape(rows, columns, image.shape[2])


def resize_planes(planes: np.ndarray, size: tuple[int, int] | int) -> np.ndarray:
    """float32 (channels, H, W), resized like images, without rounding."""
    rows, columns = target_size(size, *planes.shape[1:])
    if (rows, columns) == planes.shape[1:]:
        return planes
    return np.stack([_bilinear(plane, rows, columns) for plane in planes])


def _bilinear(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    image = pillow()
    made = image.fromarray(np.ascontiguousarray(values)).resize((columns, rows), image.Resampling.BILINEAR)
    return np.asarray(made)


def center_crop(image: np.ndarray, crop: tuple[int, int] | None, name: str) -> np.ndarray:
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
    """Minus the mean, over the standard deviation, per channel along `axis`; float32 values, in place."""
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
            apply(values, np.array(numbers, np.float32).reshape(shape), out=values)
    return values
