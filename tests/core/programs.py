"""Random access programs, small enough for brute force over Python sets."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from rfonnx.analysis.lower import Program, Tensor
from rfonnx.operators.access.primitives import Band, Permute, Reduce, Reshape, Select, Spread, Step, Window

Shape = tuple[int, ...]

MAX_ELEMENTS = 96


@st.composite
def shapes(draw: st.DrawFn, most_axes: int = 4) -> Shape:
    shape: Shape = ()
    for _ in range(draw(st.integers(1, most_axes))):
        shape += (draw(st.integers(1, room(shape, len(shape)))),)
    return shape


def room(shape: Shape, axis: int) -> int:
    """Longest length that the axis may get without the tensor growing past MAX_ELEMENTS."""
    others = math.prod(n for i, n in enumerate(shape) if i != axis)
    return max(1, min(6, MAX_ELEMENTS // max(1, others)))


@st.composite
def sliding(draw: st.DrawFn, shape: Shape, kind: type[Window] | type[Spread]) -> Step:
    """A window or spread along one axis; pads may leave the tensor on either side, a window may run backwards."""
    axis = draw(st.integers(0, len(shape) - 1))
    length = draw(st.integers(1, room(shape, axis)))
    strides = st.integers(-3, 3).filter(bool) if kind is Window else st.integers(1, 3)
    kernel, dilation, pad = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(-4, 4))
    return kind(axis, length, kernel, draw(strides), dilation, pad)


@st.composite
def selecting(draw: st.DrawFn, shape: Shape) -> Select:
    """A table of reads, some empty, some beyond the tensor."""
    axis = draw(st.integers(0, len(shape) - 1))
    length = draw(st.integers(1, room(shape, axis)))
    first = draw(st.lists(st.integers(-2, shape[axis] + 1), min_size=length, max_size=length))
    spans = draw(st.lists(st.integers(-1, 4), min_size=length, max_size=length))
    last = [a + s for a, s in zip(first, spans, strict=True)]
    return Select(axis, np.array(first), np.array(last), draw(st.integers(1, 3)))


@st.composite
def repeating(draw: st.DrawFn, shape: Shape, axis: int, length: int, period: int) -> Select:
    """A table that follows a rule (`free[o + period] == free[o] + shift`) and is clamped to the tensor at run time."""
    shift = draw(st.integers(-2, 3))
    starts = draw(st.lists(st.integers(-2, 3), min_size=period, max_size=period))
    spans = draw(st.lists(st.integers(0, 3), min_size=period, max_size=period))
    free_first = np.array([starts[o % period] + o // period * shift for o in range(length)])
    free_last = free_first + np.array([spans[o % period] for o in range(length)])
    top = shape[axis] - 1
    first, last = np.clip(free_first, 0, top), np.clip(free_last, 0, top)
    return Select(axis, first, last, 1, period, shift, free_first, free_last)


@st.composite
def reducing(draw: st.DrawFn, shape: Shape) -> Reduce:
    return Reduce(tuple(sorted(draw(st.sets(st.integers(0, len(shape) - 1), min_size=1, max_size=len(shape))))))


@st.composite
def banding(draw: st.DrawFn, shape: Shape) -> Band:
    axis, by = draw(st.permutations(range(len(shape))))[:2]
    first = draw(st.lists(st.integers(-1, shape[axis]), min_size=shape[by], max_size=shape[by]))
    spans = draw(st.lists(st.integers(-1, 4), min_size=shape[by], max_size=shape[by]))
    return Band(axis, by, np.array(first), np.array(first) + np.array(spans))


@st.composite
def reshaping(draw: st.DrawFn, shape: Shape) -> Reshape:
    """Any factorisation of the number of elements, of rank 1 to 4, with ones in any place."""
    rest, result = math.prod(shape), []
    for _ in range(draw(st.integers(0, 2))):
        factor = draw(st.sampled_from([d for d in range(1, rest + 1) if rest % d == 0]))
        result.append(factor)
        rest //= factor
    result.append(rest)
    if draw(st.booleans()):
        result.insert(draw(st.integers(0, len(result))), 1)
    return Reshape(tuple(result))


@st.composite
def steps(draw: st.DrawFn, shape: Shape) -> Step:
    """Any step that fits the shape."""
    kinds = ["window", "spread", "select", "repeat", "reduce", "band", "permute", "reshape"]
    match draw(st.sampled_from(kinds)) if shape else "reshape":
        case "window":
            return draw(sliding(shape, Window))
        case "spread":
            return draw(sliding(shape, Spread))
        case "select":
            return draw(selecting(shape))
        case "repeat":
            axis = draw(st.integers(0, len(shape) - 1))
            length = draw(st.integers(1, room(shape, axis)))
            return draw(repeating(shape, axis, length, draw(st.integers(1, length))))
        case "reduce":
            return draw(reducing(shape))
        case "band" if len(shape) > 1:
            return draw(banding(shape))
        case "permute":
            return Permute(tuple(draw(st.permutations(range(len(shape))))))
    return draw(reshaping(shape))


def after(shape: Shape, step: Step) -> Shape:
    """The shape that a step makes."""
    match step:
        case Window() | Spread():
            return (*shape[: step.axis], step.length, *shape[step.axis + 1 :])
        case Select():
            return (*shape[: step.axis], len(step.first), *shape[step.axis + 1 :])
        case Reduce():
            return tuple(1 if i in step.axes else n for i, n in enumerate(shape))
        case Band():
            return (*shape[: step.axis], 1, *shape[step.axis + 1 :])
        case Permute():
            return tuple(shape[i] for i in step.perm)
        case Reshape():
            return step.shape
    raise AssertionError(step)


@st.composite
def fitting(draw: st.DrawFn, shape: Shape, target: Shape, reduces: bool = True) -> tuple[Step, ...]:
    """Steps that lead from a shape to one that broadcasts to the target, so that two paths can join."""
    chosen: list[Step] = []
    if len(shape) > len(target):
        chosen += [Reduce(tuple(range(len(shape)))), Reshape((1,) * len(target))]
        return tuple(chosen)
    skip = len(target) - len(shape)
    for axis, n in enumerate(shape):
        if n not in (1, target[axis + skip]) or draw(st.integers(0, 3)) == 0:
            if reduces and draw(st.booleans()):
                chosen.append(Reduce((axis,)))
            else:
                pad = draw(st.integers(-2, 2))
                chosen.append(
                    Window(axis, target[axis + skip], draw(st.integers(1, 3)), draw(st.sampled_from([1, 2])), 1, pad)
                )
    return tuple(chosen)


@st.composite
def programs(draw: st.DrawFn, max_tensors: int = 6) -> Program:
    """One to three inputs, one to `max_tensors` tensors, each the join of one to three paths from what came before."""
    inputs = tuple((f"x{i}", draw(shapes())) for i in range(draw(st.integers(1, 3))))
    known = [shape for _, shape in inputs]
    tensors: list[Tensor] = []
    for index in range(draw(st.integers(1, max_tensors))):
        source = draw(st.integers(0, len(known) - 1))
        shape, chosen = known[source], []
        for _ in range(draw(st.integers(0, 3))):
            step = draw(steps(shape))
            chosen.append(step)
            shape = after(shape, step)
        paths = [(source, tuple(chosen))]
        for _ in range(draw(st.integers(0, 2))):
            other = draw(st.integers(0, len(known) - 1))
            paths.append((other, draw(fitting(known[other], shape))))
        tensors.append(Tensor(f"t{index}", shape, tuple(paths), True, "", "Test", "", index))
        known.append(shape)
    return Program(inputs, tuple(tensors))


@st.composite
def unbroken_programs(draw: st.DrawFn, kinds: tuple[str, ...] = ("window", "spread", "repeat", "permute")) -> Program:
    """Programs of steps that go on beyond every border, each axis long enough to show one period of its rule.

    A tensor is the join of one to three such paths; with "reduce" among the kinds, some axes are reduced on the way.
    """
    inputs = tuple((f"x{i}", draw(shapes(most_axes=3))) for i in range(draw(st.integers(1, 2))))
    known = [(shape, (1,) * len(shape)) for _, shape in inputs]  # shapes, and the period of the rule along each axis
    tensors: list[Tensor] = []
    for index in range(draw(st.integers(1, 5))):
        source = draw(st.integers(0, len(known) - 1))
        (shape, periods), chosen = known[source], []
        for _ in range(draw(st.integers(0, 3))):
            step, periods = draw(continuing(shape, periods, draw(st.sampled_from(kinds))))
            chosen.append(step)
            shape = after(shape, step)
        paths = [(source, tuple(chosen))]
        partners = [i for i, (other, _) in enumerate(known) if len(other) <= len(shape)]
        for _ in range(draw(st.integers(0, 2)) if partners and len(kinds) > 1 else 0):
            other = draw(st.sampled_from(partners))
            steps = draw(fitting(known[other][0], shape, "reduce" in kinds))
            arriving = (1,) * (len(shape) - len(known[other][0])) + known[other][1]
            joint = tuple(math.lcm(a, b) for a, b in zip(periods, arriving, strict=True))
            if all(period <= n for period, n in zip(joint, shape, strict=True)):
                paths.append((other, steps))
                periods = joint
        tensors.append(Tensor(f"t{index}", shape, tuple(paths), True, "", "Test", "", index))
        known.append((shape, periods))
    return Program(inputs, tuple(tensors))


@st.composite
def continuing(draw: st.DrawFn, shape: Shape, periods: Shape, kind: str) -> tuple[Step, Shape]:
    """A step of the kind, and the periods after it. Where no length would show a whole period, a permutation instead."""
    if kind == "reduce":
        step = draw(reducing(shape))
        return step, tuple(1 if i in step.axes else n for i, n in enumerate(periods))
    axis = draw(st.integers(0, len(shape) - 1))
    own = 1 if kind == "window" else draw(st.integers(1, 3))
    shortest, longest = own * periods[axis], room(shape, axis)
    if kind == "permute" or shortest > longest:
        perm = tuple(draw(st.permutations(range(len(shape)))))
        return Permute(perm), tuple(periods[i] for i in perm)
    length = draw(st.integers(shortest, longest))
    kernel, dilation, pad = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(-4, 4))
    if kind == "window":
        step = Window(axis, length, kernel, draw(st.sampled_from([-2, -1, 1, 2, 3])), dilation, pad)
    elif kind == "spread":
        # Without holes where there are other axes: whether those are read beyond the border of this one is not followed.
        step = (
            Spread(axis, length, kernel, own, dilation, pad)
            if len(shape) == 1
            else Spread(axis, length, max(kernel, own), own, 1, pad)
        )
    else:
        step = draw(repeating(shape, axis, length, own))
    return step, (*periods[:axis], shortest, *periods[axis + 1 :])


ALONG_CHANNELS = [
    Window(0, 12, 3, 1, 1, 1),
    Window(0, 6, 2, 2, 1, 0),
    Window(0, 12, 2, 1, 5, 2),
    Window(0, 12, 1, -1, 1, -11),
    Spread(0, 23, 2, 2, 1, 0),
    Select(0, np.array([11, 0, 5, 4, 4, 9, 3]), np.array([11, 4, 4, 8, 11, 9, 2])),
]
"""Steps along twelve channels: neighbours together, some left out, far ones, in reverse, spread, picked."""


def side_by_side(step: Step) -> Program:
    """Branches of 5, 4 and 3 channels that see 1, 3 and 5 rows, side by side; a step along the channels; both, met."""
    rows, channels = 6, 12
    paths = []
    for begin, end, kernel in ((0, 5, 1), (5, 9, 3), (9, 12, 5)):
        inside = (np.arange(channels) >= begin) & (np.arange(channels) < end)
        own = Select(0, np.zeros(channels, np.int64), np.where(inside, 0, -1))
        paths.append((0, (Window(1, rows, kernel, 1, 1, kernel // 2), own)))
    after = len(step.first) if isinstance(step, Select) else step.length
    first = Select(0, np.arange(after) % channels, np.arange(after) % channels)
    met = ((1, (first,)), (2, ()))
    return Program(
        (("x", (1, rows)),),
        (
            Tensor("together", (channels, rows), tuple(paths), True, "", "Test", "", 0),
            Tensor("stepped", (after, rows), ((1, (step,)),), True, "", "Test", "", 1),
            Tensor("met", (after, rows), met, True, "", "Test", "", 2),
        ),
    )
