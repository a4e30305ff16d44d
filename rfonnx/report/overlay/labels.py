"""What is said at the nodes of a file, in viewers of models: the field of what a node makes, in a few words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rfonnx.report.fields.table import field_cells
from rfonnx.report.fields.view import pick_axes, seen
from rfonnx.report.fields.view_source import Source
from rfonnx.results.fields import AxisField


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
        said: words by what they are about ("receptive field", "stride", "coverage", "kind").
        coverage: the least share of an input's axis, 0..1.
    """

    node: str
    tensor: str
    said: dict[str, str]
    coverage: float


def labels(source: Source, graph: FileGraph) -> Iterator[Label]:
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
                yield Label(name, output, words, min(field.coverage for fields in found.values() for field in fields))
                break


def _said(fields: Sequence[AxisField], exact: bool, of: str) -> dict[str, str]:
    """What is said of the fields along axes of one input."""
    cells = field_cells(fields, exact)
    told = {"receptive field": cells.size, "stride": cells.stride, "coverage": cells.coverage, "kind": cells.kind}
    return {about: words + of for about, words in told.items()}
