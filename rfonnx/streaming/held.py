"""`rfonnx stream verify`: a streaming file against the offline one that it was made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from rfonnx.errors import QueryError
from rfonnx.graph.tensors import DTYPES
from rfonnx.graph.text import quote
from rfonnx.model.apart import Apart
from rfonnx.model.opened import Opened, with_free
from rfonnx.model.reading.bind import tensor_of
from rfonnx.results.stream_checks import StreamVerification
from rfonnx.results.streaming import METADATA, Manifest
from rfonnx.streaming.behind import behind, made_by_node
from rfonnx.streaming.bounded import bounded
from rfonnx.streaming.loop import Stream
from rfonnx.streaming.manifest import from_json
from rfonnx.streaming.model import with_frames
from rfonnx.streaming.offline import deadline, drawn_others, hold, level_of
from rfonnx.streaming.packing import unpacked
from rfonnx.streaming.steady import steadied
from rfonnx.streaming.structure import lengths, of_outputs, structure
from rfonnx.streaming.wanted_part import open_source, part


def verify_file(offline: Opened, path: str, seed: int = 0, threads: int | None = None) -> StreamVerification:
    """Run a streaming file and the offline one, and compare what their outputs see.

    Args:
        offline: the model.
        path: of the streaming file.
        seed: of what is drawn.
        threads: as of `Opened.session`.

    Raises:
        ModelError: one of the files cannot be read or run.
        QueryError: the offline model has no such input, or not these outputs.
    """
    opened = Opened(path)
    said = {entry.key: entry.value for entry in opened.proto.metadata_props}
    others: dict[str, np.ndarray] = {}
    if METADATA in said:
        manifest = from_json(said[METADATA], opened.label)
        (first, *rest) = manifest.inputs
        if first.name not in offline.input_names and not rest and made_by_node(offline, first.name):
            offline = behind(offline, first.name, first.axis, [one.name for one in manifest.outputs], None)
        for one in manifest.inputs:
            if one.name not in offline.input_names:
                raise QueryError(
                    f"{offline.label}: there is no input {quote(one.name)}, which {path} streams",
                    "give the model that it was made of",
                )
        others = drawn_others(_given(opened, manifest), seed)
    stream = Stream(path, others=others, threads=threads, level=level_of(opened.proto))
    manifest = stream.manifest
    shapes = {one.name: one.shape for one in manifest.inputs}
    shapes |= {name: shape for name, (shape, _) in _given(opened, manifest).items()}
    if not manifest.fixed:
        offline = with_free(offline, [(one.name, one.axis) for one in manifest.inputs])
    streamed = {one.name: one.axis for one in manifest.inputs}
    wanted = [*(one.name for one in manifest.outputs), *manifest.finals]
    offline, _ = part(
        offline,
        wanted,
        streamed,
        *(with_frames(shapes, streamed, length) for length in (*lengths(manifest), manifest.shortest)),
    )
    untouched = offline
    if manifest.cache or manifest.differs:
        source = open_source(
            offline, streamed, 0, wanted, with_frames(shapes, streamed, manifest.fixed or manifest.chunk)
        )
        source = bounded(source, manifest.cache) if manifest.cache else source
        offline = (steadied(source) if manifest.differs else source).offline
    seen = structure(offline, shapes, unpacked(opened.proto, manifest), manifest, of_outputs(manifest))
    with Apart(offline) as apart, Apart(untouched) as given:
        found = hold(apart.run, stream, Path(path).name, seed, deadline(), None if offline is untouched else given.run)
    return replace(found, structure=seen)


def _given(stream: Opened, manifest: Manifest) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and type of what the host gives at first."""
    entries = {entry.name: entry for entry in stream.proto.graph.input}
    found = {}
    for name in manifest.given:
        held = tensor_of(entries[name].type)
        assert held is not None
        found[name] = tuple(dim.dim_value for dim in held.shape.dim), DTYPES[held.elem_type]
    return found
