"""Node data for Google's Model Explorer: a label and a colour by node name, as its ONNX adapter names nodes."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rfonnx.report.fields.view_source import Source
from rfonnx.report.mark import SIGNATURE
from rfonnx.report.overlay.labels import FileGraph, labels

NOTHING, ALL = (255, 255, 255), (204, 51, 0)
"""Colours of a coverage of 0 and of 1, red, green and blue."""


def model_explorer_json(source: Source, graph: FileGraph) -> Iterator[str]:
    """Fields as words, nodes coloured by coverage. Nodes without names are left out: the adapter's names for them may change."""
    results = {
        label.node: {
            "value": f"{label.said['receptive field']} ({label.said['coverage']}, {label.said['kind']})",
            "bgColor": _colour(label.coverage),
            "textColor": "#000000",
        }
        for label in labels(source, graph)
        if label.node
    }
    yield (
        json.dumps({graph.name or "<main>": {"name": f"receptive field ({SIGNATURE})", "results": results}}, indent=1)
        + "\n"
    )


def _colour(share: float) -> str:
    return "#" + "".join(f"{round(low + (high - low) * share):02x}" for low, high in zip(NOTHING, ALL, strict=True))
