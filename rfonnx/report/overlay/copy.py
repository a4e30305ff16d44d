"""A copy of a model's file that carries its fields in `metadata_props`, otherwise the same to the byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from onnx import ModelProto

from rfonnx.report.fields.view_source import Source
from rfonnx.report.mark import SIGNATURE
from rfonnx.report.overlay.measured import Measured
from rfonnx.results.plain import analysis_to_dict, plain

KEY = "rfonnx.report"
"""Of the entry, which holds the JSON of `rfonnx report`."""

SIGMA_KEY, SQNR_KEY = "rfonnx.sigma", "rfonnx.sqnr_db"
"""Of those that hold what was measured, by tensor: JSON with numbers spelled as in other reports, NaN as "nan"."""

BLOCK = 2**20
"""Bytes that are copied at a time."""


def annotated(source: Source, path: str, measured: Measured) -> Iterator[bytes]:
    """The file's bytes, and behind them more entries of its metadata.

    What is repeated in a message of protobuf may lie anywhere in it: entries that come last are added to those before
    (protobuf.dev, Encoding, "Last One Wins" and "Merging").
    """
    with Path(path).open("rb") as file:
        while block := file.read(BLOCK):
            yield block
    more = ModelProto()
    more.metadata_props.add(key=KEY, value=json.dumps(analysis_to_dict(source)))
    for key, told in ((SIGMA_KEY, measured.sigma), (SQNR_KEY, measured.sqnr)):
        if told:
            more.metadata_props.add(key=key, value=json.dumps(plain(told)))
    more.metadata_props.add(key="rfonnx.made_by", value=SIGNATURE)
    yield more.SerializeToString()
