"""Blocks that read near what they make: windows, resizes, pads, crops, shuffles, skips."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from tiling.maker import CHANNELS, Maker, Misfit, local

WHERE = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric")
ROUNDING = ("round_prefer_floor", "floor", "ceil", "round_prefer_ceil")


def window(m: Maker, kernel: list[int], dilation: list[int], stride: list[int]) -> dict[str, object]:
    attrs: dict[str, object] = {"strides": stride, **m.attrs()}
    if "auto_pad" not in attrs:
        reach = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
        if m.chance():
            attrs["pads"] = [r // 2 for r in reach] + [r - r // 2 for r in reach]
        else:
            attrs["pads"] = [m.integer(0, r) for r in reach + reach]
    m.by(*stride)
    return attrs


@local
def convolution(m: Maker, x: str) -> str:
    kernel, dilation, stride = m.integers(1, 4), m.integers(1, 2), m.integers(1, 2) if m.chance() else [1] * m.dims
    weight = m.w.normal(CHANNELS, CHANNELS, *kernel)
    return m.w.op("Conv", x, weight, dilations=dilation, **window(m, kernel, dilation, stride))


@local
def strided(m: Maker, x: str) -> str:
    kernel, stride = m.integers(1, 5), m.integers(2, 3)
    return m.w.op("Conv", x, m.w.normal(CHANNELS, CHANNELS, *kernel), **window(m, kernel, [1] * m.dims, stride))


@local
def transposed(m: Maker, x: str) -> str:
    kernel, stride = m.integers(1, 4), m.integers(1, 3)
    attrs: dict[str, object] = {"strides": stride}
    if m.chance(0.2):
        attrs["auto_pad"] = m.pick("SAME_UPPER", "SAME_LOWER")
    else:
        attrs["pads"] = [m.integer(0, k - 1) for k in kernel + kernel]
        attrs["output_padding"] = [m.integer(0, s - 1) for s in stride]
    m.by(*(Fraction(1, s) for s in stride))
    return m.w.op("ConvTranspose", x, m.w.normal(CHANNELS, CHANNELS, *kernel), **attrs)


@local
def pool(m: Maker, x: str) -> str:
    op, kernel, stride = m.pick("MaxPool", "AveragePool", "LpPool"), m.integers(1, 3), m.integers(1, 3)
    attrs = window(m, kernel, [1] * m.dims, stride)
    if "pads" in attrs:
        attrs["pads"] = [min(p, k - 1) for p, k in zip(attrs["pads"], kernel + kernel, strict=True)]  # type: ignore[call-overload]
    if "auto_pad" not in attrs:
        attrs["ceil_mode"] = m.integer(0, 1)
    if op == "AveragePool":
        attrs["count_include_pad"] = m.integer(0, 1)
    return m.w.op(op, x, kernel_shape=kernel, **attrs)


@local
def resize(m: Maker, x: str) -> str:
    scale = m.pick(
        Fraction(2), Fraction(2), Fraction(3), Fraction(1, 2), Fraction(3, 2), Fraction(3, 4), Fraction(7, 5)
    )
    mode = m.pick("nearest", "linear", "cubic")
    attrs: dict[str, object] = {"mode": mode, "coordinate_transformation_mode": m.pick(*WHERE)}
    if mode == "nearest":
        attrs["nearest_mode"] = m.pick(*ROUNDING)
    elif scale < 1 and m.chance(0.3):
        attrs["antialias"] = 1
    m.by(1 / scale)
    if m.chance(0.4):  # sizes from shape arithmetic
        top, bottom = m.w.ints(scale.numerator), m.w.ints(scale.denominator)
        lengths = m.w.op("Div", m.w.op("Mul", m.spatial(x), top), bottom)
        return m.w.op("Resize", x, "", "", m.w.op("Concat", m.w.ints(1, CHANNELS), lengths, axis=0), **attrs)
    return m.w.op("Resize", x, "", m.w.const([1, 1, *[float(scale)] * m.dims]), **attrs)


@local
def pad(m: Maker, x: str) -> str:
    most = 2 if m.chance(0.8) else 5
    pads = m.w.ints(0, 0, *m.integers(0, most), 0, 0, *m.integers(0, most))
    made = m.w.op("Pad", x, pads, mode=m.pick("constant", "reflect", "edge", "wrap"))
    if m.chance(0.3):
        made = m.w.op("Conv", made, m.w.normal(CHANNELS, CHANNELS, *[3] * m.dims))
    return crop(m, made) if m.chance(0.3) else made


@local
def crop(m: Maker, x: str) -> str:
    step = m.integers(1, 2) if m.chance(0.3) else [1] * m.dims
    m.by(*step)
    ends = [-m.integer(1, 3) if m.chance() else np.iinfo(np.int64).max for _ in range(m.dims)]
    axes = m.w.ints(*range(2, 2 + m.dims))
    return m.w.op("Slice", x, m.w.ints(*m.integers(0, 3)), m.w.ints(*ends), axes, m.w.ints(*step))


@local
def crop_in_the_middle(m: Maker, x: str) -> str:
    """To a multiple of some number, as nets do that pad and unpad."""
    n = m.spatial(x)
    by = m.w.ints(m.pick(2, 4))
    whole_ = m.w.op("Mul", m.w.op("Div", n, by), by)
    first = m.w.op("Div", m.w.op("Sub", n, whole_), m.w.ints(2))
    return m.w.op("Slice", x, first, m.w.op("Add", first, whole_), m.w.ints(*range(2, 2 + m.dims)))


@local
def pad_to_a_multiple(m: Maker, x: str) -> str:
    n, by = m.spatial(x), m.w.ints(m.pick(2, 4, 8))
    more = m.w.op("Mod", m.w.op("Sub", by, m.w.op("Mod", n, by)), by)
    pads = m.w.op("Concat", m.w.ints(*[0] * (m.dims + 4)), more, axis=0)
    return m.w.op("Pad", x, pads, mode=m.pick("constant", "reflect", "edge"))


@local
def shuffled(m: Maker, x: str) -> str:
    if m.dims != 2:
        raise Misfit
    if m.chance():
        wide = m.w.op("Conv", x, m.w.normal(4 * CHANNELS, CHANNELS, 1, 1))
        m.by(Fraction(1, 2))
        return m.w.op("DepthToSpace", wide, blocksize=2, mode=m.pick("DCR", "CRD"))
    m.by(2)
    return m.w.op("Conv", m.w.op("SpaceToDepth", x, blocksize=2), m.w.normal(CHANNELS, 4 * CHANNELS, 1, 1))


@local
def shuffled_in_a_row(m: Maker, x: str) -> str:
    """A pixel shuffle along the last axis of one, spelt out."""
    if m.dims != 1:
        raise Misfit
    wide = m.w.op("Conv", x, m.w.normal(2 * CHANNELS, CHANNELS, 1))
    m.by(Fraction(1, 2))
    split = m.w.op("Reshape", wide, m.w.ints(1, CHANNELS, 2, -1))
    return m.w.op("Reshape", m.w.swap(split, 0, 1, 3, 2), m.w.ints(1, CHANNELS, -1))


@local
def activation(m: Maker, x: str) -> str:
    return m.w.op(m.pick("LeakyRelu", "Tanh", "Softplus", "Elu", "Abs"), x)


@local
def channels_alone(m: Maker, x: str) -> str:
    kind = m.integer(0, 3)
    if kind == 0:
        return m.w.op("Softmax", x, axis=1)
    if kind == 1:
        return m.w.op("LRN", x, size=3)
    if kind == 2:
        return m.w.op("Mul", x, m.w.op("ReduceMean", x, m.w.ints(1)))
    mean, ones = m.w.const([0.1, -0.1]), m.w.const([1, 1.3])
    return m.w.op("BatchNormalization", x, ones, mean, mean, ones)


@local
def joined(m: Maker, x: str) -> str:
    """A skip to an earlier tensor: of the same lengths, cropped to them, or resized to them."""
    others = [name for name in m.lengths if name != x]
    if not others:
        raise Misfit
    other = m.pick(*others)
    if m.lengths[other] != m.lengths[x]:
        longer = all(a >= b for a, b in zip(m.lengths[other], m.lengths[x], strict=True))
        if longer and m.chance(0.4):
            axes = m.w.ints(*range(2, 2 + m.dims))
            other = m.w.op("Slice", other, m.w.ints(*[0] * m.dims), m.spatial(x), axes)
        else:
            mode = m.pick("nearest", "linear")
            sizes = m.w.op("Concat", m.w.ints(1, CHANNELS), m.spatial(x), axis=0)
            where = m.pick("asymmetric", "half_pixel", "align_corners")
            other = m.w.op("Resize", other, "", "", sizes, mode=mode, coordinate_transformation_mode=where)
    if m.chance():
        return m.w.op(m.pick("Add", "Sub", "Mul", "Max"), x, other)
    return m.mixed(m.w.op("Concat", x, other, axis=1))


@local
def beside_itself(m: Maker, x: str) -> str:
    """Two convolutions of unequal reach that meet."""
    near = m.w.op("Conv", x, m.w.normal(CHANNELS, CHANNELS, *[3] * m.dims), pads=[1] * 2 * m.dims)
    far = m.w.op(
        "Conv",
        x,
        m.w.normal(CHANNELS, CHANNELS, *[2] * m.dims),
        dilations=[3] * m.dims,
        pads=[3] * m.dims + [0] * m.dims,
    )
    return m.w.op("Add", near, far) if m.chance() else m.mixed(m.w.op("Concat", near, far, axis=1))


@local
def down_and_up(m: Maker, x: str) -> str:
    k = m.pick(2, 2, 3)
    low = m.w.op(m.pick("MaxPool", "AveragePool"), x, kernel_shape=[k] * m.dims, strides=[k] * m.dims)
    low = m.w.op("Conv", low, m.w.normal(CHANNELS, CHANNELS, *[3] * m.dims), pads=[1] * 2 * m.dims)
    if m.chance(0.3):
        up = m.w.op("ConvTranspose", low, m.w.normal(CHANNELS, CHANNELS, *[k] * m.dims), strides=[k] * m.dims)
    else:
        mode = m.pick("nearest", "linear")
        where = m.pick("asymmetric", "half_pixel")
        up = m.w.op(
            "Resize", low, "", m.w.const([1, 1, *[k] * m.dims]), mode=mode, coordinate_transformation_mode=where
        )
    if all(n % k == 0 for n in m.lengths[x]):
        return m.mixed(m.w.op("Concat", up, x, axis=1)) if m.chance(0.7) else up
    axes = m.w.ints(*range(2, 2 + m.dims))
    skip = m.w.op("Slice", x, m.w.ints(*[0] * m.dims), m.spatial(up), axes)
    return m.mixed(m.w.op("Concat", up, skip, axis=1))


@local
def windows_attend(m: Maker, x: str) -> str:
    """Attention inside windows of 4 positions of the last axis."""
    if m.dims != 1:
        raise Misfit
    tokens = m.w.op("Reshape", m.w.swap(x, 0, 2, 1), m.w.ints(-1, 4, CHANNELS))
    seen = m.w.attention(tokens, features=CHANNELS)
    return m.w.swap(m.w.op("Reshape", seen, m.w.ints(1, -1, CHANNELS)), 0, 2, 1)
