"""The core's chain of links, as steps that name operators: temporaries folded into their node, causes told apart."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from rfonnx.access.lower import Program
from rfonnx.results import ExplainStep

if TYPE_CHECKING:
    from rfonnx._core import Result


class Link(NamedTuple):
    """One link as the core gives it; see cpp/explain.hpp."""

    source: int
    origin: int
    size: int
    jump: tuple[int, int]
    kernel: int
    dilation: int
    stride: tuple[int, int]
    slides: bool
    spreads: bool
    reduces: bool


def explain(program: Program, result: Result, source: int, axis: int) -> tuple[ExplainStep, ...]:
    """The chain from an input axis to a source, one step per operator; empty when the source reads nothing of the axis."""
    links = [Link(*link) for link in result.explain(source, axis)]
    steps = []
    before = 1
    for group in _by_node(program, links[1:]):
        steps.append(_step(program, group, group[-1].size - before))
        before = group[-1].size
    return tuple(steps)


def _by_node(program: Program, links: Sequence[Link]) -> list[list[Link]]:
    """Neighbouring links that belong to one operator: its temporaries, then its output."""
    first = len(program.inputs)
    groups: list[list[Link]] = []
    last = -1
    for link in links:
        node = program.tensors[link.source - first].node_index
        if node != last:
            groups.append([])
        groups[-1].append(link)
        last = node
    return groups


def _step(program: Program, links: Sequence[Link], added: int) -> ExplainStep:
    tensor = program.tensors[links[-1].source - len(program.inputs)]
    slide = next((link for link in links if link.slides), links[0])
    if any(link.reduces for link in links):
        cause = "global"
    elif slide.spreads:
        cause = "upsampling"
    elif slide.slides and slide.kernel > 1:
        cause = "pooling" if "Pool" in tensor.kind else "kernel"
    elif added and any(len(program.tensors[link.source - len(program.inputs)].paths) > 1 for link in links):
        cause = "join"
    else:
        cause = "other"
    return ExplainStep(
        tensor=tensor.name.split("\0")[0],
        op_type=tensor.kind,
        node=tensor.node,
        size=links[-1].size,
        added=added,
        jump=Fraction(*links[0].jump),
        kernel=slide.kernel,
        dilation=slide.dilation,
        stride=Fraction(*slide.stride),
        cause=cause,
    )
