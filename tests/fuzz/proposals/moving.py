"""Operators that move elements: slices, gathers, pads, reshapes, resizes."""

from __future__ import annotations

import math

import numpy as np

from fuzz.builder import Builder, NoFit, Tensor
from fuzz.proposals.registry import frequent, proposal

FAR = 2**31 - 1


def ends_of(net: Builder, n: int, step: int) -> tuple[int, int]:
    """Start and end of a slice with something between them; at the borders also as numbers far outside.

    Backward, only the end is: onnxruntime takes the largest integers for "to the front", the specification does not.
    """
    first, last = sorted(net.integers(2, 0, max(n - 1, 0)))
    if step < 0:
        return (last or net.choice([0, -n])), (first - 1 if first else net.choice([-n - 1, -FAR]))
    return (first or net.choice([0, -n, -FAR])), (last + 1 if last < n - 1 else net.choice([n, n + 1, FAR]))


@frequent
def slice_(net: Builder) -> None:
    x = net.pick(least=1, empty=True)
    axes = net.axes(x)
    steps = [net.choice([1, 1, 1, 2, 3, -1, -2]) if net.opset >= 10 else 1 for _ in axes]
    starts, ends = zip(
        *[ends_of(net, x.shape[axis], step) for axis, step in zip(axes, steps, strict=True)], strict=True
    )
    if net.opset < 10:
        net.add("Slice", x.name, axes=axes, starts=starts, ends=ends)
        return
    inputs = [x.name, net.ints(*starts), net.ints(*ends), net.ints(*axes)]
    if min(steps) != 1 or max(steps) != 1:
        inputs.append(net.ints(*steps))
    net.add("Slice", inputs)


@proposal
def split(net: Builder) -> None:
    x = net.pick(least=1, empty=True)
    axis = net.axis(x)
    n = x.shape[axis]
    parts = net.integer(1, min(3, max(n, 1)))
    cuts = sorted(net.integers(parts - 1, 0, n))
    sizes = [b - a for a, b in zip([0, *cuts], [*cuts, n], strict=True)]
    if net.chance(0.4):
        even = net.opset < 18
        net.add_many("Split", x.name, parts, axis=axis, num_outputs=None if even else parts)
    elif net.opset < 13:
        net.add_many("Split", x.name, parts, axis=axis, split=sizes)
    else:
        net.add_many("Split", [x.name, net.ints(*sizes)], parts, axis=axis)


@proposal
def concat(net: Builder) -> None:
    """With other tensors of like shape, with constants, or with itself."""
    x = net.pick(least=1, empty=True)
    axis = net.axis(x)
    at = axis % x.rank

    def alike(t: Tensor) -> bool:
        return t.shape[:at] + t.shape[at + 1 :] == x.shape[:at] + x.shape[at + 1 :] and t.rank == x.rank

    others = [
        t.name
        for t in net.tensors.values()
        if isinstance(t.value, np.ndarray) and t.value.dtype == np.float32 and alike(t)
    ]
    names = [x.name]
    for _ in range(net.integer(1, 2)):
        shape = (*x.shape[:at], net.integer(0, 2), *x.shape[at + 1 :])
        other = (
            [net.choice(others), net.floats(*shape), net.constant(np.zeros(shape, np.float32))]
            if others
            else [net.floats(*shape)]
        )
        names.insert(net.integer(0, len(names)), net.choice(other))
    net.add("Concat", names, axis=axis)


def places(net: Builder, n: int, shape: tuple[int, ...]) -> np.ndarray:
    """Indices into an axis of n, some counted from its end."""
    if not n:
        raise NoFit
    return net.random.integers(-n if net.chance(0.3) else 0, n, shape).astype(np.int64)


def some_shape(net: Builder, most: int = 2) -> tuple[int, ...]:
    return tuple(net.integers(net.integer(0, most), 1, 3))


@proposal
def gather(net: Builder) -> None:
    x = net.pick(least=1, empty=True)
    axis = net.axis(x)
    indices = net.constant(places(net, x.shape[axis], some_shape(net)))
    if net.chance(0.15):
        indices = net.pick(kind="i", empty=True).name
    net.add("Gather", [x.name, indices], axis=axis)


@proposal
def gather_elements(net: Builder) -> None:
    x = net.pick(least=1, empty=True)
    axis = net.axis(x)
    shape = list(x.shape)
    shape[axis] = net.integer(1, 3)
    net.add("GatherElements", [x.name, net.constant(places(net, x.shape[axis], tuple(shape)))], axis=axis)


@proposal
def gather_nd(net: Builder) -> None:
    x = net.pick(least=1, empty=True)
    batch = net.integer(0, x.rank - 1) if net.opset >= 12 and net.chance(0.3) else 0
    depth = net.integer(1, x.rank - batch)
    shape = (*x.shape[:batch], *some_shape(net))
    columns = [places(net, x.shape[batch + i], shape) for i in range(depth)]
    net.add("GatherND", [x.name, net.constant(np.stack(columns, -1))], batch_dims=batch or None)


def reduction(net: Builder, least: int) -> str | None:
    if net.opset < least or net.chance():
        return None
    return str(net.choice(["none", "add", "mul", *(["min", "max"] if net.opset >= 18 else [])]))


@frequent
def scatter_elements(net: Builder) -> None:
    x = net.pick(least=1, empty=True)
    axis = net.axis(x)
    shape = tuple(net.integer(1, n) if n else 0 for n in x.shape)
    indices = places(net, x.shape[axis], shape)
    updates = net.floats(*shape) if net.chance() else varying(net, shape)
    settings = {"reduction": reduction(net, 16)} if net.opset >= 16 else {}
    net.add(
        "ScatterElements" if net.opset >= 11 else "Scatter",
        [x.name, net.constant(indices), updates],
        axis=axis,
        **settings,
    )


@frequent
def scatter_nd(net: Builder) -> None:
    x = net.pick(least=1, empty=True)
    if net.opset < 11:
        raise NoFit
    depth, shape = net.integer(1, x.rank), some_shape(net)
    indices = np.stack([places(net, x.shape[i], shape) for i in range(depth)], -1)
    wanted = (*shape, *x.shape[depth:])
    updates = net.floats(*wanted) if net.chance() else varying(net, wanted)
    net.add("ScatterND", [x.name, net.constant(indices), updates], reduction=reduction(net, 16))


def varying(net: Builder, shape: tuple[int, ...]) -> str:
    """A tensor of the shape, cut and reshaped from one that varies."""
    x = net.pick(empty=True)
    count = math.prod(shape)
    if x.value.size < count:
        raise NoFit
    flat = net.add("Reshape", [x.name, net.ints(-1)])
    if x.value.size > count:
        start = net.integer(0, x.value.size - count)
        flat = net.add("Gather", [flat, net.constant(np.arange(start, start + count))], axis=0)
    return net.add("Reshape", [flat, net.constant(np.array(shape, np.int64))])


@frequent
def pad(net: Builder) -> None:
    x = net.pick(least=1, empty=True)
    mode = net.choice(["constant", "constant", "reflect", "edge", *(["wrap"] if net.opset >= 19 else [])])
    low = -1 if net.chance(0.3) else 0
    some = net.axes(x) if net.opset >= 18 and net.chance() else list(range(x.rank))
    sizes = [net.integer(low, 2) if net.chance(0.6) else 0 for _ in (*some, *some)]
    if net.opset < 11:
        net.add("Pad", x.name, mode=mode, pads=sizes, value=net.choice([0.0, 1.5]))
        return
    inputs = [x.name, net.ints(*sizes)]
    filled = mode == "constant" and net.chance()
    if filled:
        inputs.append(net.constant(np.float32(net.choice([0.0, 1.5]))))
    if len(some) < x.rank or some != list(range(x.rank)):
        inputs += [net.ints(*some)] if filled else ["", net.ints(*some)]
    net.add("Pad", inputs, mode=mode if mode != "constant" or net.chance() else None)


def factors(net: Builder, count: int) -> list[int]:
    rest, shape = count, []
    for _ in range(net.integer(0, 3)):
        part = net.choice([d for d in range(1, rest + 1) if rest % d == 0])
        shape.append(part)
        rest //= part
    shape.insert(net.integer(0, len(shape)), rest)
    if net.chance(0.2):
        shape.insert(net.integer(0, len(shape)), 1)
    return shape


@frequent
def reshape(net: Builder) -> None:
    x = net.pick(empty=True)
    shape = factors(net, x.value.size)
    for i, n in enumerate(shape):
        if i < x.rank and n == x.shape[i] and net.chance():
            shape[i] = 0
    if net.chance():
        shape[net.integer(0, len(shape) - 1)] = -1
    net.add("Reshape", [x.name, net.ints(*shape)], allowzero=0 if net.opset >= 14 and net.chance(0.2) else None)


@frequent
def windows(net: Builder) -> None:
    """Cut into windows as Swin does: reshape, transpose, reshape."""
    x = net.pick(3, 4)
    at = net.integer(0, x.rank - 1)
    n = x.shape[at]
    part = net.choice([d for d in range(1, n + 1) if n % d == 0])
    cut = net.add("Reshape", [x.name, net.ints(*x.shape[:at], n // part, part, *x.shape[at + 1 :])])
    perm = [int(i) for i in net.random.permutation(x.rank + 1)]
    moved = net.tensors[net.add("Transpose", cut, perm=perm)]
    first = net.integer(0, x.rank - 1)
    net.add(
        "Reshape",
        [
            moved.name,
            net.ints(*moved.shape[:first], moved.shape[first] * moved.shape[first + 1], *moved.shape[first + 2 :]),
        ],
    )


@proposal
def transpose(net: Builder) -> None:
    x = net.pick(empty=True)
    net.add("Transpose", x.name, perm=[int(i) for i in net.random.permutation(x.rank)] if net.chance(0.8) else None)


@proposal
def expand(net: Builder) -> None:
    x = net.pick(empty=True)
    shape = [net.integer(1, 3) if n == 1 else net.choice([1, n]) for n in x.shape]
    net.add("Expand", [x.name, net.ints(*net.integers(net.integer(0, 1), 1, 2), *shape)])


@proposal
def tile(net: Builder) -> None:
    x = net.pick(least=1, empty=True)
    net.add("Tile", [x.name, net.ints(*net.integers(x.rank, 1, 2))])


@proposal
def squeeze(net: Builder) -> None:
    x = net.pick(least=1, empty=True)
    axes = [i - x.rank if net.chance(0.3) else i for i, n in enumerate(x.shape) if n == 1 and net.chance(0.7)]
    by_axes(net, "Squeeze", x, axes or None)


@proposal
def unsqueeze(net: Builder) -> None:
    x = net.pick(0, 1, 2, 3, 4, empty=True)
    rank = x.rank + net.integer(1, 2)
    axes = [int(i) for i in net.random.permutation(rank)[: rank - x.rank]]
    by_axes(net, "Unsqueeze", x, [i - rank for i in axes] if net.chance(0.3) and net.opset >= 11 else axes)


def by_axes(net: Builder, op_type: str, x: Tensor, axes: list[int] | None) -> None:
    if axes is None:
        net.add(op_type, x.name)
    elif net.opset < 13:
        net.add(op_type, x.name, axes=axes)
    else:
        net.add(op_type, [x.name, net.ints(*axes)])


@proposal
def flatten(net: Builder) -> None:
    x = net.pick(empty=True)
    net.add("Flatten", x.name, axis=net.axis(x, last=True) if net.opset >= 11 else net.integer(0, x.rank))


@frequent
def depth_and_space(net: Builder) -> None:
    x = net.pick(4)
    if net.chance():
        net.add("SpaceToDepth", x.name, blocksize=net.integer(1, 2))
    else:
        net.add(
            "DepthToSpace",
            x.name,
            blocksize=net.integer(1, 2),
            mode=net.choice(["DCR", "CRD"]) if net.opset >= 11 else None,
        )


@proposal
def reverse_sequence(net: Builder) -> None:
    x = net.pick(least=2, empty=True)
    time = net.integer(0, 1)
    lengths = net.random.integers(1, x.shape[time] + 1, x.shape[1 - time]) if x.shape[time] else np.zeros(0)
    net.add("ReverseSequence", [x.name, net.constant(lengths.astype(np.int64))], time_axis=time, batch_axis=1 - time)


@proposal
def triangle(net: Builder) -> None:
    x = net.pick(least=2, empty=True)
    if net.opset < 14:
        raise NoFit
    inputs = [x.name] + ([net.constant(np.int64(net.integer(-2, 2)))] if net.chance() else [])
    net.add("Trilu", inputs, upper=net.integer(0, 1))


@proposal
def compress(net: Builder) -> None:
    x = net.pick(least=1, empty=True)
    axis = net.axis(x) if net.chance(0.8) else None
    n = x.shape[axis] if axis is not None else x.value.size
    net.add(
        "Compress", [x.name, net.constant(net.random.integers(0, 2, net.integer(1, max(n, 1))).astype(bool))], axis=axis
    )


@proposal
def crop_or_pad(net: Builder) -> None:
    x = net.pick(least=1, empty=True)
    if net.opset < 18:
        raise NoFit
    axes = net.axes(x)
    net.add("CenterCropPad", [x.name, net.ints(*[max(1, x.shape[a] + net.integer(-3, 3)) for a in axes])], axes=axes)


@frequent
def resize(net: Builder) -> None:
    x = net.pick(3, 4, 4, 5)
    mode = net.choice(["nearest", "linear", "cubic"])
    space = range(2, x.rank)
    if net.opset < 11:
        scales = [1.0, 1.0] + [net.choice([0.5, 1.0, 1.5, 2.0]) for _ in space]
        net.add(
            "Upsample" if net.opset < 10 else "Resize",
            [x.name, net.constant(np.float32(scales))],
            mode="nearest" if mode == "nearest" else "linear",
        )
        return
    modes = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"]
    transform = net.choice(modes if net.opset < 19 else [*modes, "half_pixel_symmetric"])
    roi = net.random.uniform(-0.2, 1.2, 2 * x.rank).astype(np.float32)
    region = (
        net.constant(roi)
        if transform == "tf_crop_and_resize"
        else net.choice(["", net.constant(np.zeros(0, np.float32))])
    )
    settings = {
        "mode": mode,
        "coordinate_transformation_mode": transform if net.chance(0.9) else None,
        "nearest_mode": net.choice(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
        if mode == "nearest"
        else None,
        "cubic_coeff_a": net.choice([-0.5, -0.75]) if mode == "cubic" else None,
        "exclude_outside": net.integer(0, 1) if mode == "cubic" else None,
        "extrapolation_value": net.choice([0.0, 2.0]),
    }
    if net.opset >= 18 and net.chance(0.3) and mode != "nearest":
        settings["antialias"] = 1
    some = list(range(x.rank))
    if net.opset >= 18 and net.chance(0.4) and transform != "tf_crop_and_resize":
        some = [axis - x.rank if net.chance(0.2) else axis for axis in space]
        settings["axes"] = some
    if net.chance():
        scales = [1.0 if axis % x.rank < 2 else net.choice([0.3, 0.5, 0.75, 1.0, 1.3, 2.0, 2.5]) for axis in some]
        net.add("Resize", [x.name, region, net.constant(np.float32(scales))], **settings)
        return
    sizes = [x.shape[axis] if axis % x.rank < 2 else net.integer(1, 2 * x.shape[axis]) for axis in some]
    if net.opset >= 18 and net.chance(0.3):
        if "axes" in settings:  # onnxruntime does not find negative ones here
            settings["axes"] = list(space)
        settings["keep_aspect_ratio_policy"] = net.choice(["stretch", "not_larger", "not_smaller"])
    empty = "" if net.opset >= 13 else net.constant(np.zeros(0, np.float32))
    net.add("Resize", [x.name, region, empty, net.ints(*sizes)], **settings)
