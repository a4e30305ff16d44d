"""Which axis of an input counts samples? One place that facts, rules, comparisons and measurements ask.

In this order:

1. what the user says;
2. the dimension that the file names like a batch ("batch_size", "B", "N"), and wherever else that name stands;
3. the batch axis of an operator whose specification has one (recurrent layers, convolutions, pools, attention), traced back to
   the input. It is looked for with a batch of two as well, since nothing can be traced along an axis of one position;
4. an input of fixed lengths beside an open batch has none, nor has a single number;
5. else it is *presumed*: the first axis that the file leaves open, of fixed ones the first, or the one that is as long as those
   of the other inputs; never one that windows slide along, that is known as time, or that attention compares. What is presumed
   is said to be, and where another axis may be it as well, nothing is said of the batch.
"""

from __future__ import annotations

from collections.abc import Mapping

from rfonnx.analysis.derive.time import Timed
from rfonnx.analysis.derive.time_axis import says_time
from rfonnx.errors import QueryError
from rfonnx.graph.dim_names import batch_word
from rfonnx.graph.text import did_you_mean, quote
from rfonnx.system.named import NamedTuple

Dims = Mapping[str, tuple[int | str, ...]]
"""Dimensions of the inputs as the file declares them (`rfonnx.graph.Graph.declared`)."""

Given = Mapping[str, int | None]
"""Batch axes by input as the user says them; None: it has none."""


class BatchAxis(NamedTuple):
    """The batch axis of one input.

    Attributes:
        axis: None: the input has none.
        known: False: it is presumed.
        why: what tells.
        rivals: axes that may count samples as well, where it is presumed.
    """

    axis: int | None
    known: bool
    why: str
    rivals: tuple[int, ...] = ()


class Batches(NamedTuple):
    """The batch axes of a model's inputs.

    Attributes:
        axes: by input; those of which nothing tells are missing.
        fields: the analysis with `samples` samples, or as it was.
        before: the analysis as it was.
        samples: length of the batch in `fields`; 0 when it is not known.
        problem: why nothing can be said of the batch, or "".
    """

    axes: Mapping[str, BatchAxis]
    fields: Timed
    before: Timed
    samples: int
    problem: str = ""

    @property
    def along(self) -> dict[str, int]:
        """The batch axis of each input that has one, known or presumed."""
        return along(self.axes)

    @property
    def known(self) -> bool:
        """Whether nothing is presumed."""
        return all(one.known for one in self.axes.values())


def along(axes: Mapping[str, BatchAxis]) -> dict[str, int]:
    """The axis of each input that has one."""
    return {name: one.axis for name, one in axes.items() if one.axis is not None}


def names_along(declared: Dims, axes: Mapping[str, int]) -> set[str]:
    """What the file calls the dimensions of these axes, by input."""
    return {dim for name, axis in axes.items() if isinstance(dim := declared[name][axis], str) and dim}


def named_axes(declared: Dims, given: Given) -> dict[str, BatchAxis]:
    """What the user and the file's names tell, by input.

    Raises:
        QueryError: the user names an input or an axis that there is not.
    """
    found = {name: _given(name, axis, declared) for name, axis in given.items()}
    for name, dims in declared.items():
        if name not in found and not dims:
            found[name] = BatchAxis(None, True, "it is a single number")
        axis = _by_name(dims)
        if name not in found and axis is not None:
            found[name] = BatchAxis(axis, True, f"its dimension is named '{dims[axis]}'")
    symbols = names_along(declared, along(found))
    for name, dims in declared.items():
        shared = [axis for axis, dim in enumerate(dims) if dim in symbols]
        if name not in found and len(shared) == 1:
            found[name] = BatchAxis(
                shared[0], True, f"its dimension is named '{dims[shared[0]]}' as the batch elsewhere"
            )
    return found


def _given(name: str, axis: int | None, declared: Dims) -> BatchAxis:
    if name not in declared:
        raise QueryError(
            f"a batch axis was given for {quote(name)}, which is no input",
            did_you_mean(name, declared) or f"the inputs are {', '.join(map(quote, declared))}",
        )
    rank = len(declared[name])
    if axis is not None and not -rank <= axis < rank:
        raise QueryError(
            f"the batch axis {axis} was given for input {quote(name)}, which has {rank} axes",
            f"give an axis from 0 to {rank - 1}, or none" if rank else "give none: it is a single number",
        )
    return BatchAxis(None if axis is None else axis % rank, True, "as asked for")


def _by_name(dims: tuple[int | str, ...]) -> int | None:
    """The axis whose dimension is named like a batch, the most plainly; None when that is not one."""
    words = [batch_word(dim) if isinstance(dim, str) else 0 for dim in dims]
    best = max(words, default=0)
    if not best or words.count(best) > 1:
        return None
    axis = words.index(best)
    # "n" behind an open first axis of any other name counts points or tokens as often as samples.
    first = dims[0]
    return None if best == 1 and axis and isinstance(first, str) and not says_time(first) else axis
