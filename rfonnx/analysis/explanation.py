"""The core's chain of links, as steps that name operators: temporaries folded into their node, causes told apart."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rfonnx.analysis.lower import Program
from rfonnx.graph.temporaries import named_by
from rfonnx.results.fields import ExplainStep
from rfonnx.system.named import NamedTuple

if TYPE_CHECKING:
    from rfonnx._core import Result


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


LINK_PLACE = 3
"""Where in a link that begins which tells what was done, behind the tensor, its size and the position."""


def explain(program: Program, result: Result, source: int, axis: int) -> tuple[ExplainStep, ...]:
    """The chain from an input axis to a source, one step per operator; empty when the source reads nothing of the axis."""
    steps = []
    before = 1
    known: dict[tuple[Any, ...], _Did] = {}  # a deep model has few different operators
    for links in _by_node(program, result.explain(source, axis)[1:]):
        number, size, position = links[-1][:LINK_PLACE]
        tensor = program.tensors[number - len(program.inputs)]
        key = (tensor.kind, size - before, *[link[LINK_PLACE:] for link in links])
        did = known.get(key)
        if did is None:
            did = known[key] = _did(tensor.kind, [Link(*link) for link in links], size - before)
        steps.append(ExplainStep(named_by(tensor.name), tensor.kind, tensor.node, size, size - before, *did, position))
        before = size
    return tuple(steps)


def _by_node(program: Program, links: Sequence[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """The links of each operator: its temporaries, then its output."""
    found: list[list[tuple[Any, ...]]] = []
    last = -1
    for link in links:
        node = program.tensors[link[0] - len(program.inputs)].node_index
        if node == last:
            found[-1].append(link)
        else:
            found.append([link])
        last = node
    return found


class _Did(NamedTuple):
    """What an operator did, whatever its size and its place: as in `ExplainStep`."""

    jump: Fraction
    kernel: int
    dilation: int
    stride: Fraction
    cause: str
    misaligned: int


def _did(kind: str, links: Sequence[Link], added: int) -> _Did:
    slide = links[0]
    if len(links) > 1:
        slide = max([link for link in links if link.slides], key=lambda link: link.slid, default=slide)
    misaligned = sum([link.misaligned for link in links])
    cause = _cause(kind, links, slide, added - misaligned, misaligned)
    return _Did(Fraction(*links[0].jump), slide.kernel, slide.dilation, Fraction(*slide.stride), cause, misaligned)


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
