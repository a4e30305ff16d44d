"""An attachment for Netron, as its view.js 9 reads it: what is said at nodes and tensors, by their names."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rfonnx.report.fields.view_source import Source
from rfonnx.report.mark import SIGNATURE
from rfonnx.report.overlay.labels import FileGraph, labels
from rfonnx.report.overlay.measured import Measured


def netron_json(source: Source, graph: FileGraph, measured: Measured) -> Iterator[str]:
    """Metadata of each node and of the tensor that it makes; nodes without names are told by their tensors alone."""
    entries = []
    for label in labels(source, graph, measured):
        for kind, target in (("node", label.node), ("value", label.tensor)):
            told = [{"name": about, "value": words, "type": "string"} for about, words in label.said.items()]
            entries += [{"kind": kind, "target": target.split("\n")[0], **one} for one in told if target]
    lines = ",\n".join(map(json.dumps, entries))
    yield f'{{"signature": "netron:attachment", "maker": {json.dumps(SIGNATURE)}, "metadata": [\n{lines}\n]}}\n'
