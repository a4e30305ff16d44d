"""The core's chain of links, as steps that name operators: temporaries folded into their node, causes told apart."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from rfonnx.analysis.lower import Program
from rfonnx.graph.temporaries import named_by
from rfonnx.results.fields import ExplainStep
from rfonnx.system.named import NamedTuple

if TYPE_CHECKING:
    from rfonnx._core import Result


_fraction = cache(Fraction)
"""A deep model has few different ones."""


class Link(NamedTuple):
    """One link as the core gives it; see cpp/explain.hpp."""

    source: int
    size: int
    position: tuple[int, ...]
    slid: int
    taken: int
    misaligned: int
    all: bool
    jump: tuple[int, int]
    kernel: int
    dilation: int
    stride: tuple[int, int]
    slides: bool
    spreads: bool


def explain(program: Program, result: Result, source: int, axis: int) -> tuple[ExplainStep, ...]:
    """The chain from an input axis to a source, one step per operator; empty when the source reads nothing of the axis."""
    first = len(program.inputs)

    def node(link: Link) -> int:
        return program.tensors[link.source - first].node_index

    steps = []
    before = 1
    links = map(Link._make, result.explain(source, axis)[1:])
    for _, group in groupby(links, node):  # the temporaries of an operator, then its output
        one = list(group)
        steps.append(_step(program, one, one[-1].size - before))
        before = one[-1].size
    return tuple(steps)


def _step(program: Program, links: Sequence[Link], added: int) -> ExplainStep:
    tensor = program.tensors[links[-1].source - len(program.inputs)]
    slide = links[0]
    if len(links) > 1:
        slide = max([link for link in links if link.slides], key=lambda link: link.slid, default=slide)
    misaligned = sum([link.misaligned for link in links])
    return ExplainStep(
        named_by(tensor.name),
        tensor.kind,
        tensor.node,
        links[-1].size,
        added,
        _fraction(*links[0].jump),
        slide.kernel,
        slide.dilation,
        _fraction(*slide.stride),
        _cause(tensor.kind, links, slide, added - misaligned, misaligned),
        misaligned,
        links[-1].position,
    )


def _cause(kind: str, links: Sequence[Link], slide: Link, own: int, misaligned: int) -> str:
    """What added most, `own` being all but what misaligned branches did; what the operator is, where it added nothing."""
    slid, taken = sum([link.slid for link in links]), sum([link.taken for link in links])
    whole = any(link.all for link in links)
    if misaligned and not own:
        return "join"
    if taken > slid or (taken == slid and whole):
        return "global" if whole else "block"
    if slid < own - slid:  # a table that was widened
        return "other"
    if slide.spreads:
        return "upsampling"
    if slide.slides and slide.kernel > 1:
        return "pooling" if "Pool" in kind or "Resize" in kind else "kernel"
    return "other"
