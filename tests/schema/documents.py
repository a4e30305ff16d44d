"""The documents that docs/schema describes, and the schema of each."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, NamedTuple, get_args

from rfonnx.report.check.json import Checked
from rfonnx.report.comparison.json import Compared
from rfonnx.report.effective.json import Layers, Units
from rfonnx.report.explanation.json import Explained
from rfonnx.report.geometry.json import LocatedRow
from rfonnx.report.operators.json import Operators
from rfonnx.report.overlay.model_explorer import NodeDataByGraph
from rfonnx.report.overlay.netron import Attachment
from rfonnx.report.streaming.json import Held, Latency, StreamRow
from rfonnx.report.tiling.layout import Planned, Verified
from rfonnx.results.layout import Head, Report
from rfonnx.results.scan import ScanRecord
from rfonnx.results.variants import WhatIf
from schema.generator import Generator

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "schema"


class Document(NamedTuple):
    """A document.

    Attributes:
        command: that writes it.
        kind: the type that says what stands in it.
        floats: what becomes of NaN and infinity, as in `schema.generator.FLOATS`.
        foreign: the layout is another program's; this says what it holds.
    """

    command: str
    kind: Any
    floats: str = "none"
    foreign: str = ""


DOCUMENTS = {
    "report": Document("rfonnx report", Report),
    "explain": Document("rfonnx explain", Explained),
    "locate": Document("rfonnx locate", LocatedRow),
    "whatif": Document("rfonnx whatif", WhatIf),
    "erf": Document("rfonnx erf", Units, "null"),
    "erf-layers": Document("rfonnx erf --all-layers", Layers, "null"),
    "compare": Document("rfonnx compare", Compared, "text"),
    "check": Document("rfonnx check", Checked),
    "tile-plan": Document("rfonnx tile plan", Planned, "text"),
    "tile-verify": Document("rfonnx tile verify", Verified, "text"),
    "stream": Document("rfonnx stream", StreamRow, "text"),
    "stream-verify": Document("rfonnx stream verify", Held, "text"),
    "stream-latency": Document("rfonnx stream latency", Latency),
    "scan": Document("rfonnx scan", ScanRecord),
    "ops": Document("rfonnx ops", Operators),
    "netron": Document(
        "rfonnx annotate --netron", Attachment, foreign="What Netron shows of a model's nodes and tensors."
    ),
    "model-explorer": Document(
        "rfonnx annotate --model-explorer",
        NodeDataByGraph,
        foreign="What Model Explorer shows of a model's nodes, by graph.",
    ),
}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a document."""
    document = DOCUMENTS[name]
    generator = Generator(document.floats)
    if document.foreign:
        whole = {"description": document.foreign, **generator.of(document.kind)}
    else:
        own = get_args(document.kind) or (document.kind,)
        whole = generator.object(own[0], Head, *own)
    base = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Documentation"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{base}/schema/{name}.json",
        "title": f"The JSON of `{document.command}`",
        **whole,
        "$defs": dict(sorted(generator.shared.items())),
    }


def text(name: str) -> str:
    """The schema as its file holds it."""
    return json.dumps(schema(name), indent=1, ensure_ascii=True) + "\n"
