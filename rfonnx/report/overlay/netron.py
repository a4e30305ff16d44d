"""An attachment for Netron, as its view.js 9 reads it: what is said at nodes and tensors, by their names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal, TypedDict

from rfonnx.report.fields.view_source import Source
from rfonnx.report.mark import SIGNATURE
from rfonnx.report.overlay.labels import FileGraph, labels
from rfonnx.report.overlay.measured import Measured


class Entry(TypedDict):
    """What is said of a node or a tensor, among its properties.

    Attributes:
        kind: "node", or "value": a tensor.
        target: its name, as the viewer cuts it: up to the first line break.
        name: what it is about.
        value: what is said.
        type: of the value.
    """

    kind: Literal["node", "value"]
    target: str
    name: str
    value: str
    type: Literal["string"]


class Attachment(TypedDict):
    """An attachment for Netron, opened in the same window as the model.

    Attributes:
        signature: tells Netron what it is.
        maker: the program that wrote it, and its version.
        metadata: all that is said.
    """

    signature: Literal["netron:attachment"]
    maker: str
    metadata: list[Entry]


def netron_json(source: Source, graph: FileGraph, measured: Measured) -> Iterator[str]:
    """Metadata of each node and of the tensor that it makes; nodes without names are told by their tensors alone."""
    entries: list[Entry] = []
    for label in labels(source, graph, measured):
        targets: dict[Literal["node", "value"], str] = {"node": label.node, "value": label.tensor}
        for kind, target in targets.items():
            if target:
                entries += [_entry(kind, target, about, words) for about, words in label.said.items()]
    lines = ",\n".join(map(json.dumps, entries))
    yield f'{{"signature": "netron:attachment", "maker": {json.dumps(SIGNATURE)}, "metadata": [\n{lines}\n]}}\n'


def _entry(kind: Literal["node", "value"], target: str, about: str, words: str) -> Entry:
    return {"kind": kind, "target": target.split("\n")[0], "name": about, "value": words, "type": "string"}
