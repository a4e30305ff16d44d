"""The access primitives: which positions of a tensor an output position reads, one axis at a time.

A rule describes each output of an operator as a join of *paths*. A path starts at a tensor and takes *steps*, each of which
re-indexes one tensor into another; the last shape must broadcast (numpy rules) to the output's shape. The output position
reads the union of what its paths read. Intervals are closed, positions count from 0; a read outside `[0, n)` of the tensor
read is a read of padding: nothing in the clipped field, extrapolated in the unbounded one.

The tuples below are passed to the C++ core as they are; `cpp/program.hpp` states the same contract.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rfonnx.operators.access.runs import MOST_LAID_OUT, Places, Runs, table
from rfonnx.system.named import NamedTuple

MAX_LENGTH = 2**40


class Window(NamedTuple):
    """Output `o` reads `o*stride - pad + t*dilation` for `0 <= t < kernel`. Exact.

    Conv k3 s2 p1: Window(2, length, 3, 2, 1, 1), o=1 reads 1..3. A slice x[5:25:2] is Window(a, 10, 1, 2, 1, -5); zero padding of
    2 in front is Window(a, n + 4, 1, 1, 1, 2); a reversed axis is stride -1, pad -(n-1).
    """

    axis: int
    length: int  # of the output axis
    kernel: int
    stride: int
    dilation: int
    pad: int


class Spread(NamedTuple):
    """Output `o` reads every `i` with `o = i*stride - pad + t*dilation`, `0 <= t < kernel`. Exact.

    ConvTranspose k4 s2 p1: Spread(2, length, 4, 2, 1, 1), o=1 reads 0..1; o=2 reads 0..1 (i=0: t=3, i=1: t=1).
    """

    axis: int
    length: int
    kernel: int
    stride: int
    dilation: int
    pad: int


class Select(NamedTuple):
    """Output `o` reads `first[o], first[o]+step .. last[o]`; `last < first` reads nothing. Exact.

    `first`/`last` give what is read at run time (clamped, reflected); `free_first`/`free_last` give the same without borders,
    for the unbounded field (None: the same). `period`, `shift`: `free[o + period] == free[o] + shift` for every o: it
    says how the reads go on beyond the table; period 0: they do not (outside the table nothing is read).
    Nearest x2 of 4: first = last = [0,0,1,1,2,2,3,3], period 2, shift 1. Reflect pad 1 of 3: first = last = [1,0,1,2,1],
    free = [-1,0,1,2,3], period 1, shift 1. Grouped channels, 2 groups of 3 to 2 outputs: first [0,3], last [2,5], period 0.

    All four are tables where the axis is short, else runs (`rfonnx.operators.access.runs`); `tables` gives them one by one.
    """

    axis: int
    first: Places  # one per output position
    last: Places
    step: int = 1
    period: int = 0
    shift: int = 0
    free_first: Places | None = None
    free_last: Places | None = None


class Tables(NamedTuple):
    """The positions of a Select, one by one: int64, one per output position."""

    first: np.ndarray
    last: np.ndarray
    free_first: np.ndarray
    free_last: np.ndarray


def tables(step: Select) -> Tables | None:
    """What a Select reads, one output after the other; None: along so many that they are not laid out.

    >>> from rfonnx.operators.access.runs import Run
    >>> nearest = Runs([Run(4, (0, 0), (1, 1))])
    >>> tables(Select(0, nearest, nearest)).last.tolist()
    [0, 0, 1, 1]
    """
    if len(step.first) > MOST_LAID_OUT:
        return None
    return _read(step, table)


def tables_at(step: Select, outputs: np.ndarray) -> Tables:
    """What some outputs of a Select read."""
    return _read(step, lambda places: places.at(outputs) if isinstance(places, Runs) else places[outputs])


def _read(step: Select, of: Callable[[Places], np.ndarray]) -> Tables:
    first, last = of(step.first), of(step.last)
    if step.free_first is None or step.free_last is None:
        return Tables(first, last, first, last)
    return Tables(first, last, of(step.free_first), of(step.free_last))


class Reduce(NamedTuple):
    """The output, of length 1 along `axes`, reads everything along them. Exact."""

    axes: tuple[int, ...]


class Band(NamedTuple):
    """A reduce whose range depends on the position along another axis: the output, of length 1 along `axis`, at position m
    of axis `by`, reads `first[m] .. last[m]` along `axis`; `last < first` reads nothing. Exact.

    Causal softmax over keys (axis 3) of queries (axis 2): Band(3, 2, zeros, arange(n)).
    """

    axis: int
    by: int
    first: np.ndarray  # int64, one per position of axis `by`
    last: np.ndarray


class Permute(NamedTuple):
    """Output axis `i` is the input's axis `perm[i]`. Exact."""

    perm: tuple[int, ...]


class Reshape(NamedTuple):
    """The same elements in row-major order under another shape. Exact."""

    shape: tuple[int, ...]


Step = Window | Spread | Select | Reduce | Band | Permute | Reshape


class Path(NamedTuple):
    """One way from a tensor to an output: the tensor's name and the steps taken."""

    source: str
    steps: tuple[Step, ...] = ()


class Access(NamedTuple):
    """What an output reads: the join of its paths.

    exact: False when the paths are a superset of what is read for generic weights; `note` then says why, for the user.
    """

    paths: tuple[Path, ...]
    exact: bool = True
    note: str = ""


def entire(name: str, rank: int) -> Path:
    """From every position of a tensor of `rank` axes to every position of the output."""
    return Path(name, (Reduce(tuple(range(rank))), Reshape(())))


def everything(sources: Sequence[tuple[str, int]], note: str) -> Access:
    """Every output position may read any position of the sources, (name, rank) each. A superset, flagged.

    >>> everything([("x", 2)], "data-dependent").paths
    (Path(source='x', steps=(Reduce(axes=(0, 1)), Reshape(shape=()))),)
    """
    paths = tuple(entire(name, rank) for name, rank in sources)
    return Access(paths, exact=False, note=note)
