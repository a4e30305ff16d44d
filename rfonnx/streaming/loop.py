"""Running a streaming model: chunks go in, frames of the offline outputs come out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from rfonnx.errors import DataError, ModelError
from rfonnx.graph.text import quote
from rfonnx.model import runtime
from rfonnx.model.opened import Opened
from rfonnx.results.streaming import ENDLESS, METADATA, Closing, Manifest, StreamedOutput
from rfonnx.streaming.host import (
    Chunk,
    check_shapes,
    cut,
    first_states,
    fitting,
    frames_left,
    holders,
    lengthened,
    named,
    others_of,
)
from rfonnx.streaming.manifest import from_json


class Stream:
    """A streaming model with its states.

    Attributes:
        manifest: what it takes and gives.
        others: inputs that are not streamed, by name: what every run is given, and first states.
        statistics: of all frames, by name, where the manifest has some: what every run is given, too.
        dtypes: of the outputs, by name.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes | onnx.ModelProto,
        *,
        others: Mapping[str, Any] | None = None,
        statistics: Mapping[str, Any] | None = None,
        providers: str | Sequence[str] | None = None,
        threads: int | None = None,
        level: runtime.Level = "all",
        align: bool = False,
    ) -> None:
        """Open a streaming model.

        Args:
            model: a file that `rfonnx stream` wrote, its bytes or ModelProto.
            others: inputs that are not streamed, by name; first states of the model's own among them.
            statistics: of all frames, by the names in the manifest, where it has some; None: `reset` gives them.
            providers, threads: as in `rfonnx.erf`.
            level: how far onnxruntime may rewrite the model: "none", "basic" or "all".
            align: whether outputs wait for the latest one: `push` gives of each the frames of the same stretch of the input. Else
                each output comes as early as it can.

        Raises:
            DataError: an input that is not streamed is missing, has another shape or type, or there is no such; so of statistics.
            ModelError: it is no streaming model.
        """
        opened = Opened(model).read()
        said = {entry.key: entry.value for entry in opened.proto.metadata_props}
        if METADATA not in said:
            raise ModelError(f"{opened.label}: the file holds no manifest of a stream", "make one with `rfonnx stream`")
        self.manifest: Manifest = from_json(said[METADATA], opened.label)
        self._session = opened.session(providers=providers, threads=threads, level=level)
        self._label = opened.label
        self._align = align
        self.dtypes = {
            one.name: onnx.helper.tensor_dtype_to_np_dtype(runtime.element_type(one.type))
            for one in self._session.get_outputs()[: len(self.manifest.outputs) + len(self.manifest.finals)]
        }
        names = (*(one.name for one in self.manifest.outputs), *self.manifest.finals)
        self._held_in = holders(self.manifest)
        self._outputs = list(dict.fromkeys([*names, *self._held_in.values()]))
        self._check_names()
        self.others = others_of(self.manifest, others, self._inputs(), opened.label)
        self.statistics: dict[str, np.ndarray] = {}
        self.reset(statistics)

    def _check_names(self) -> None:
        """That the model has what the manifest names.

        Raises:
            ModelError: it has not, or takes more.
        """
        manifest = self.manifest
        streamed = {one.name for one in manifest.inputs}
        statistics = {one.input for one in manifest.statistics}
        takes = {*streamed, *manifest.others, *statistics, *self._held_in} | ({manifest.ends_input} - {""})
        declared = {one.name for one in self._session.get_inputs()}
        missing = [*(takes ^ declared), *({*self._outputs} - {one.name for one in self._session.get_outputs()})]
        if missing:
            raise ModelError(
                f"{self._label}: the manifest of the stream and the model differ: {quote(min(missing))} is not in both",
                "make the stream again",
            )

    def _inputs(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shapes and types of the model's inputs, by name."""
        return {
            one.name: (
                tuple(map(int, one.shape)),
                onnx.helper.tensor_dtype_to_np_dtype(runtime.element_type(one.type)).name,
            )
            for one in self._session.get_inputs()
        }

    def reset(self, statistics: Mapping[str, Any] | None = None) -> None:
        """Begin a new stream.

        Args:
            statistics: of all its frames, as for `Stream`; None: those that were given before.

        Raises:
            DataError: some are missing, or have other shapes.
        """
        if statistics is not None:
            self.statistics = fitting(self.manifest, statistics, self._label)
        self._states = first_states(self.manifest, self.others)
        self._finals: dict[str, np.ndarray] = {}
        self._pushed, self._runs = 0, 0
        self._given = dict.fromkeys((one.name for one in self.manifest.outputs), 0)
        self._held: dict[str, list[np.ndarray]] = {one.name: [] for one in self.manifest.outputs}
        self._finished = False

    def push(self, chunk: Chunk) -> dict[str, np.ndarray]:
        """The next frames of the input, exactly a chunk of them; of several inputs by name.

        Returns:
            By output, the frames that are ready: none at first, until its delay is over.

        Raises:
            DataError: the chunk has another shape, or numbers that the input's type has not; the stream was finished, or is
                longer than the model takes.
        """
        self._check_open()
        feeds = named(self.manifest, chunk, self._label)
        check_shapes(self.manifest, feeds, self.manifest.chunk, self._label)
        self._in_tables(self._pushed + self.manifest.chunk)
        self._pushed += self.manifest.chunk
        self._run(feeds, [ENDLESS] * len(self.manifest.ends))
        return self._ready(self._pushed)

    def finish(self, rest: Chunk | None = None) -> dict[str, np.ndarray]:
        """The end of the input.

        Args:
            rest: its last frames, fewer than a chunk, of several inputs by name; None: there are none.

        Returns:
            By output, all frames that are left. Together with those that `push` gave they are the offline model's. Outputs
            without frames, such as last states, are given here.

        Raises:
            DataError: as `push`; or the whole is shorter or longer than what the offline model takes.
        """
        manifest = self.manifest
        self._check_open()
        parts = {} if rest is None else named(manifest, rest, self._label)
        count = frames_left(manifest, parts, self._label)
        check_shapes(manifest, parts, count, self._label)
        length = self._pushed + count
        if length < manifest.shortest:
            raise DataError(
                f"{self._label}: the stream ends after {length} frames, and the model takes no fewer than "
                f"{manifest.shortest}",
                "push more frames",
            )
        self._in_tables(length)
        ends = [one(length) for one in manifest.ends]
        silence = {one.name: np.zeros(one.shape, one.dtype) for one in manifest.inputs}
        if count:
            self._run({name: lengthened(part, silence[name]) for name, part in parts.items()}, ends)
        while any(self._made(one) < one.length(length) for one in manifest.flows):
            self._run(silence, ends)
        self._finished = True
        return self._ready(length) | self._finals

    def _check_open(self) -> None:
        if self._finished:
            raise DataError(f"{self._label}: the stream was finished", "reset it")

    def _in_tables(self, length: int) -> None:
        longest = self.manifest.longest
        if longest and length > longest:
            raise DataError(
                f"{self._label}: a stream has {longest} frames at most, for the model has a table, a crop or a "
                "padded length that ends there",
                "finish it, and begin another one",
            )

    def _made(self, output: StreamedOutput | Closing) -> int:
        """Frames of the offline output that were made."""
        return max(0, self._runs * output.frames - output.delay)

    def _run(self, chunk: Mapping[str, np.ndarray], ends: Sequence[int]) -> None:
        if self.manifest.statistics and not self.statistics:
            fitting(self.manifest, {}, self._label)
        feeds = {**chunk, **self.others, **self.statistics, **self._states}
        if self.manifest.ends_input:
            feeds[self.manifest.ends_input] = np.array(ends, np.int64)
        found = dict(zip(self._outputs, runtime.run(self._session, self._outputs, feeds, self._label), strict=True))
        for one in self.manifest.outputs:
            early = min(max(0, one.delay - self._runs * one.frames), one.frames)
            if early < one.frames:
                self._held[one.name].append(cut(found[one.name], one.axis, early, one.frames))
        self._states = {name: found[output] for name, output in self._held_in.items()}
        self._finals = {name: found[name] for name in self.manifest.finals}
        self._runs += 1

    def _ready(self, length: int) -> dict[str, np.ndarray]:
        """What was made and not yet given of frames that a whole of this length has."""
        ready = {}
        known = {one.name: min(self._made(one), one.length(length)) for one in self.manifest.outputs}
        if self._align and not self._finished:
            rates = {one.name: self.manifest.rate(one) for one in self.manifest.outputs}
            stretch = min((known[name] / rate for name, rate in rates.items()), default=0)
            known = {name: int(stretch * rate) for name, rate in rates.items()}
        for one in self.manifest.outputs:
            held = self._held[one.name]
            whole = np.concatenate(held, one.axis) if held else self._nothing(one)
            count = max(0, known[one.name] - self._given[one.name])
            ready[one.name] = cut(whole, one.axis, 0, count)
            self._held[one.name] = [cut(whole, one.axis, count, whole.shape[one.axis])]
            self._given[one.name] += count
        return ready

    def _nothing(self, output: StreamedOutput) -> np.ndarray:
        entry = next(one for one in self._session.get_outputs() if one.name == output.name)
        shape = [0 if i == output.axis else int(n) for i, n in enumerate(entry.shape)]
        return np.zeros(shape, self.dtypes[output.name])
