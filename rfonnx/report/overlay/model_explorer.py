"""Node data for Google's Model Explorer: a label and a colour by node name, as its ONNX adapter names nodes.

A file of it holds one data set, and so does each file here. Nodes without names are left out: the adapter's names for them may
change.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import TypedDict

from rfonnx.report.fields.view_source import Source
from rfonnx.report.mark import SIGNATURE
from rfonnx.report.overlay.labels import SIGMA, SQNR, FileGraph, labels
from rfonnx.report.overlay.measured import Measured

Colour = tuple[int, int, int]

NOTHING, ALL, WIDEST = (255, 255, 255), (204, 51, 0), (0, 120, 220)
"""Colours of a share of 0, of a coverage or a damage of 1, and of the largest sigma; red, green and blue."""

CLEAN = 60.0
"""An SQNR in dB from which on a node is white: an error of a thousandth. 0 dB, an error as large as the signal, has the full
colour."""


class NodeValue(TypedDict):
    """What a node says.

    Attributes:
        value: in words.
        bgColor: colour of the node, as #rrggbb.
        textColor: colour of the words.
    """

    value: str
    bgColor: str
    textColor: str


class NodeData(TypedDict):
    """A data set on one graph.

    Attributes:
        name: of the data set, with the program that wrote it.
        hideInAggregatedStatsTable, hideInChildrenStatsTable: sums and means of words mean nothing.
        results: what is said, by node.
    """

    name: str
    hideInAggregatedStatsTable: bool
    hideInChildrenStatsTable: bool
    results: Mapping[str, NodeValue]


NodeDataByGraph = Mapping[str, NodeData]
"""What a file holds: one graph, by name."""


def model_explorer_json(source: Source, graph: FileGraph, measured: Measured) -> Iterator[str]:
    """Fields as words, nodes coloured by coverage."""
    said = {
        label.node: (
            f"{label.said['receptive field']} ({label.said['coverage']}, {label.said['kind']})",
            _colour(label.coverage, ALL),
        )
        for label in labels(source, graph, measured)
    }
    return _node_data(graph, "receptive field", said)


def sigma_json(source: Source, graph: FileGraph, measured: Measured) -> Iterator[str]:
    """Effective sigmas, nodes coloured by their mean over the axes, as a share of the largest."""
    found = {
        label.node: (label.said[SIGMA], fmean(label.sigma))
        for label in labels(source, graph, measured)
        if label.sigma is not None
    }
    largest = max((mean for _, mean in found.values() if mean > 0), default=1.0)
    said = {node: (words, _colour(_share(mean / largest), WIDEST)) for node, (words, mean) in found.items()}
    return _node_data(graph, SIGMA, said)


def sqnr_json(source: Source, graph: FileGraph, measured: Measured) -> Iterator[str]:
    """SQNRs against the teacher: the worse, the fuller the colour; a NaN or infinity has the full one."""
    said = {
        label.node: (label.said[SQNR], _colour(1.0 if math.isnan(label.sqnr) else _share(1 - label.sqnr / CLEAN), ALL))
        for label in labels(source, graph, measured)
        if label.sqnr is not None
    }
    return _node_data(graph, SQNR, said)


def _node_data(graph: FileGraph, about: str, said: dict[str, tuple[str, str]]) -> Iterator[str]:
    """A data set: words and a colour by node."""
    results: dict[str, NodeValue] = {
        node: {"value": words, "bgColor": colour, "textColor": "#000000"}
        for node, (words, colour) in said.items()
        if node
    }
    data: NodeData = {
        "name": f"{about} ({SIGNATURE})",
        "hideInAggregatedStatsTable": True,
        "hideInChildrenStatsTable": True,
        "results": results,
    }
    yield json.dumps({graph.name or "<main>": data}, indent=1) + "\n"


def _share(value: float) -> float:
    """From 0 to 1; 0 for NaN."""
    return 0.0 if math.isnan(value) else min(1.0, max(0.0, value))


def _colour(share: float, full: Colour) -> str:
    return "#" + "".join(f"{round(low + (high - low) * share):02x}" for low, high in zip(NOTHING, full, strict=True))
