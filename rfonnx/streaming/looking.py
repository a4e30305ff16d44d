"""At which length of the streamed axis a model is looked at: where each of its tensors has a few frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rfonnx.errors import ModelError, QueryError, RfonnxError, ShapeError
from rfonnx.streaming.layout import lay_out
from rfonnx.streaming.model import LENGTHS, WIDEST, Source
from rfonnx.streaming.placed import Layout
from rfonnx.streaming.refusal import Refused, Unbounded

FEW = 8
"""Frames that the shortest tensor has where a model is looked at, at least."""


def looked_at(
    source: Source, lengths: Sequence[int], lay: Callable[[Source], Layout] = lay_out
) -> tuple[Source, Layout]:
    """At the first of the lengths at which every tensor has a few frames; where there is one alone, at that."""
    failed: RfonnxError | None = None
    for length in lengths:
        if isinstance(failed, Unbounded) and length > WIDEST:
            break
        try:
            seen, layout = _at(source, length, lay)
        except (ModelError, ShapeError) as error:  # shorter than a kernel, maybe
            failed = failed if isinstance(failed, Refused) else error
            continue
        except Unbounded as error:  # a band may be wider
            failed = error
            continue
        except Refused as error:  # of a frame or two, nobody can tell how far they lie apart
            if length != lengths[0]:
                raise
            failed = error
            continue
        frames = [(seen.graph.shapes[name] or ())[axis] or 0 for name, axis in layout.axes.items()]
        if len(lengths) == 1 or min(frames) >= FEW:
            return seen, layout
    raise failed or QueryError(
        f"{source.model.label}: tensors have fewer than {FEW} frames of {LENGTHS[-1]} of the input",
        "such rates are not streamed yet",
    )


def _at(source: Source, length: int, lay: Callable[[Source], Layout]) -> tuple[Source, Layout]:
    """At a length, and beside it at two others, one of them longer by a unit.

    Raises:
        ModelError, ShapeError: the model does not take it, or none that is longer by a unit.
        Refused: a node that an output needs cannot be streamed.
    """
    seen = source.seen_at(length)
    layout = lay(seen)
    if layout.unit > 1 and not source.fixed:
        seen = source.seen_at(length, layout.unit)
        layout = lay(seen)
        if max(seen.views) < length + layout.unit:
            raise ShapeError(
                f"{source.model.label}: the model takes {length} frames, and none that is longer by a unit of "
                f"{layout.unit} was found",
                "export it with an open length",
            )
    return seen, layout
