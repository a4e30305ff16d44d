"""A streaming file and the offline one that it was made of: held against each other, and what the one is given of the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
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
from rfonnx.streaming.cancelling import conditions
from rfonnx.streaming.figures import Figure, measure
from rfonnx.streaming.given import with_statistics
from rfonnx.streaming.loop import Stream
from rfonnx.streaming.manifest import from_json
from rfonnx.streaming.model import Source, with_frames
from rfonnx.streaming.offline import deadline, drawn_others, hold, level_of, taking
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
    opened, offline = Opened(path).read(), offline.read()
    manifest, others = _manifest(opened), dict[str, np.ndarray]()
    if manifest is not None:
        offline = _behind(offline, manifest, path)
        others = drawn_others(_given(opened, manifest), seed)
    stream = Stream(path, others=others, threads=threads, level=level_of(opened.proto))
    manifest = stream.manifest
    untouched, shapes = _part(offline, opened, manifest)
    offline, cut, measuring, figures = untouched, untouched, untouched, tuple[Figure, ...]()
    if manifest.cache or manifest.differs or manifest.statistics:
        source = _source(untouched, manifest, shapes)
        offline, figures = source.offline, source.statistics
        cut = source.ready if figures else offline
        measuring, shapes = source.measuring or offline, shapes | {one.told.input: one.told.shape for one in figures}
    seen = structure(cut, shapes, unpacked(opened.proto, manifest), manifest, of_outputs(manifest))
    with Apart(offline) as apart, Apart(untouched) as given, Apart(measuring) as inner:
        found = hold(
            taking(offline, apart.run),
            stream,
            Path(path).name,
            seed,
            deadline(),
            None if offline is untouched else taking(untouched, given.run),
            partial(measure, figures, taking(measuring, inner.run)) if figures else None,
            conditions(offline, manifest.finals),
        )
    return replace(found, structure=seen)


def measure_file(offline: Opened, path: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The statistics that a streaming file is given, of a recording.

    Args:
        offline: the model that it was made of.
        path: of the streaming file.
        arrays: all inputs whole, by name; "" stands for the only one.

    Raises:
        DataError: an input is missing.
        ModelError, RunError: one of the files cannot be read, or the offline one not be run on that.
        QueryError: the offline model has no such input; or the stream takes no statistics.
    """
    opened, offline = Opened(path).read(), offline.read()
    manifest = _manifest(opened)
    if manifest is None or not manifest.statistics:
        raise QueryError(f"{path}: it is no stream that takes statistics", "make one with --statistic")
    untouched, shapes = _part(_behind(offline, manifest, path), opened, manifest)
    source = _source(untouched, manifest, shapes)
    assert source.measuring is not None
    feeds = {manifest.input if name == "" else name: array for name, array in arrays.items()}
    with Apart(source.measuring) as apart:
        return measure(source.statistics, taking(source.measuring, apart.run), feeds)


def _manifest(stream: Opened) -> Manifest | None:
    """What a file says of itself as a stream."""
    said = {entry.key: entry.value for entry in stream.proto.metadata_props}
    return from_json(said[METADATA], stream.label) if METADATA in said else None


def _behind(offline: Opened, manifest: Manifest, path: str) -> Opened:
    """The model; or the part behind a tensor, where that is what is streamed.

    Raises:
        QueryError: it has not what is streamed.
    """
    (first, *rest) = manifest.inputs
    if first.name not in offline.input_names and not rest and made_by_node(offline, first.name):
        offline = behind(offline, first.name, first.axis, [one.name for one in manifest.outputs], None)
    for one in manifest.inputs:
        if one.name not in offline.input_names:
            raise QueryError(
                f"{offline.label}: there is no input {quote(one.name)}, which {path} streams",
                "give the model that it was made of",
            )
    return offline


def _part(offline: Opened, stream: Opened, manifest: Manifest) -> tuple[Opened, dict[str, tuple[int, ...]]]:
    """The part of a model that a stream's outputs need, and shapes of its inputs, of a chunk."""
    shapes = {one.name: one.shape for one in manifest.inputs}
    shapes |= {name: shape for name, (shape, _) in _given(stream, manifest).items()}
    if not manifest.fixed:
        offline = with_free(offline, [(one.name, one.axis) for one in manifest.inputs])
    streamed = {one.name: one.axis for one in manifest.inputs}
    tried = (*lengths(manifest), manifest.shortest)
    every = (with_frames(shapes, streamed, length) for length in tried)
    return part(offline, _wanted(manifest), streamed, *every)[0], shapes


def _wanted(manifest: Manifest) -> list[str]:
    return [*(one.name for one in manifest.outputs), *manifest.finals]


def _source(offline: Opened, manifest: Manifest, shapes: Mapping[str, tuple[int, ...]]) -> Source:
    """The model, changed as the stream says."""
    streamed = {one.name: one.axis for one in manifest.inputs}
    shapes = with_frames(shapes, streamed, manifest.fixed or manifest.chunk)
    source = open_source(offline, streamed, 0, _wanted(manifest), shapes)
    source = _with_statistics(source, manifest) if manifest.statistics else source
    source = bounded(source, manifest.cache) if manifest.cache else source
    return steadied(source) if manifest.differs else source


def _with_statistics(source: Source, manifest: Manifest) -> Source:
    """The model in which what the stream is given is an input, too.

    Raises:
        QueryError: it is another model than that of the stream.
    """
    found = with_statistics(source, list(dict.fromkeys(one.tensor for one in manifest.statistics)))
    if {one.told for one in found.statistics} != set(manifest.statistics):
        raise QueryError(
            f"{source.model.label}: the stream takes other statistics than those of this model",
            "give the model that it was made of",
        )
    return found


def _given(stream: Opened, manifest: Manifest) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and type of what the host gives at first."""
    entries = {entry.name: entry for entry in stream.proto.graph.input}
    found = {}
    for name in manifest.given:
        held = tensor_of(entries[name].type)
        assert held is not None
        found[name] = tuple(dim.dim_value for dim in held.shape.dim), DTYPES[held.elem_type]
    return found
