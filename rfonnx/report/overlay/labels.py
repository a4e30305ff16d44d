"""What is said at the nodes of a file, in viewers of models: the field of what a node makes, in a few words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rfonnx.report.fields.table import field_cells
from rfonnx.report.fields.view import pick_axes, seen
from rfonnx.report.fields.view_source import Source
from rfonnx.report.overlay.measured import Measured
from rfonnx.results.fields import AxisField
from rfonnx.system.named import NamedTuple

SIGMA, SQNR = "effective sigma", "SQNR against the teacher"
"""What of a measurement is said."""


class FileGraph(NamedTuple):
    """The main graph as the file has it.

    Attributes:
        name: the graph's.
        nodes: the name of each, "" where it has none, and what it makes.
    """

    name: str
    nodes: Sequence[tuple[str, Sequence[str]]]


class Label(NamedTuple):
    """What is said at a node.

    Attributes:
        node: its name, "" where the file gives none, or where an earlier node has the same.
        tensor: the first of those it makes that see something.
        said: words by what they are about ("receptive field", "stride", "coverage", "kind"; `SIGMA`, `SQNR` where measured).
        coverage: the least share of an input's axis, 0..1.
        sigma, sqnr: as in `Measured`; None where they were not measured.
    """

    node: str
    tensor: str
    said: dict[str, str]
    coverage: float
    sigma: tuple[float, ...] | None
    sqnr: float | None


def labels(source: Source, graph: FileGraph, measured: Measured) -> Iterator[Label]:
    """By node that sees something of an input along the axes that windows slide along, or all where none does."""
    axes, named = pick_axes(source, "spatial"), set[str]()
    for node, outputs in graph.nodes:
        name = "" if node in named else node
        named.add(node)
        for output in outputs:
            tensor = source.tensors.get(output)
            found = {
                name: fields for name, numbers in axes.items() if tensor and (fields := seen(tensor, name, numbers))
            }
            if tensor and found:
                said = [
                    _said(fields, tensor.exact, f" of {one}" if len(axes) > 1 else "") for one, fields in found.items()
                ]
                words = {about: ", ".join(one[about] for one in said) for about in said[0]}
                sigma, sqnr = measured.sigma.get(output), measured.sqnr.get(output)
                words |= {} if sigma is None else {SIGMA: sigma_text(sigma)}
                words |= {} if sqnr is None else {SQNR: sqnr_text(sqnr)}
                coverage = min(field.coverage for fields in found.values() for field in fields)
                yield Label(name, output, words, coverage, sigma, sqnr)
                break


def _said(fields: Sequence[AxisField], exact: bool, of: str) -> dict[str, str]:
    """What is said of the fields along axes of one input."""
    cells = field_cells(fields, exact)
    told = {"receptive field": cells.size, "stride": cells.stride, "coverage": cells.coverage, "kind": cells.kind}
    return {about: words + of for about, words in told.items()}


def sigma_text(sigma: tuple[float, ...]) -> str:
    """A sigma per axis, in positions of the input.

    >>> sigma_text((12.345, 9.0)), sigma_text((math.nan,))
    ('12.3x9', 'nothing changes it')
    """
    return "nothing changes it" if any(map(math.isnan, sigma)) else "x".join(f"{one:.3g}" for one in sigma)


def sqnr_text(decibels: float) -> str:
    """An SQNR for people.

    >>> sqnr_text(37.695), sqnr_text(math.inf), sqnr_text(math.nan)
    ('37.7 dB', 'equal', 'NaN or infinity in one of them')
    """
    if math.isnan(decibels):
        return "NaN or infinity in one of them"
    return "equal" if decibels == math.inf else f"{decibels:.1f} dB"
