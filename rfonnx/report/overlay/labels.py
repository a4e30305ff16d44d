"""What is said at the nodes of a file, in viewers of models: the field of what a node makes, in a few words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rfonnx.report.document import number, shared, size
from rfonnx.report.fields.view import pick_axes, seen
from rfonnx.report.fields.view_source import Source
from rfonnx.results.plain import percent


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
            found = {name: seen(tensor, name, numbers) for name, numbers in axes.items()} if tensor else {}
            found = {name: fields for name, fields in found.items() if fields}
            if tensor and found:
                at_most = "" if tensor.exact else "at most "
                several = len(axes) > 1
                said = {
                    "receptive field": ["x".join(map(size, fields)) for fields in found.values()],
                    "stride": [shared([number(field.stride) for field in fields]) for fields in found.values()],
                    "coverage": [shared([percent(field.coverage) for field in fields]) for fields in found.values()],
                    "kind": [shared([field.kind for field in fields], "/") for fields in found.values()],
                }
                of = [f" of {one}" if several else "" for one in found]
                words = {about: ", ".join(map("".join, zip(told, of, strict=True))) for about, told in said.items()}
                words["receptive field"] = at_most + words["receptive field"]
                yield Label(name, output, words, min(field.coverage for fields in found.values() for field in fields))
                break
