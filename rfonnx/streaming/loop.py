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
from rfonnx.streaming.manifest import from_json

Chunk = np.ndarray | Mapping[str, np.ndarray]
"""Frames of the one input that is streamed, or of each by its name."""


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
            DataError: an input that is not streamed is missing; statistics are, or have other shapes.
            ModelError: it is no streaming model.
        """
        opened = Opened(model).read()
        said = {entry.key: entry.value for entry in opened.proto.metadata_props}
        if METADATA not in said:
            raise ModelError(f"{opened.label}: the file holds no manifest of a stream", "make one with `rfonnx stream`")
        self.manifest: Manifest = from_json(said[METADATA], opened.label)
        missing = [name for name in self.manifest.given if name not in (others or {})]
        if missing:
            raise DataError(f"{opened.label}: input {quote(missing[0])} is not given", "give it with others=")
        self.others = {name: np.asarray(others[name]) for name in self.manifest.given} if others else {}
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
            DataError: the chunk has another shape, the stream was finished, or is longer than the model takes.
        """
        feeds = self._fitting(self._named(chunk), self.manifest.chunk)
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
        if self._finished:
            raise DataError(f"{self._label}: the stream was finished", "reset it")
        parts = {} if rest is None else self._named(rest)
        count = self._frames(parts)
        parts = self._fitting(parts, count)
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
            self._run({name: _lengthened(part, silence[name]) for name, part in parts.items()}, ends)
        while any(self._made(one) < one.length(length) for one in manifest.flows):
            self._run(silence, ends)
        self._finished = True
        return self._ready(length) | self._finals

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

    def _named(self, chunk: Chunk) -> dict[str, np.ndarray]:
        """A chunk by input."""
        names = [one.name for one in self.manifest.inputs]
        given = dict(chunk) if isinstance(chunk, Mapping) else {names[0]: chunk}
        if given.keys() != set(names):
            raise DataError(
                f"{self._label}: a chunk has frames of {', '.join(map(quote, given)) or 'nothing'}, expected "
                f"{', '.join(map(quote, names))}",
                "push the frames of every input that is streamed, by its name",
            )
        return {name: np.asarray(given[name]) for name in names}

    def _frames(self, parts: Mapping[str, np.ndarray]) -> int:
        """Of the rest of a stream: fewer than a chunk."""
        counts = [0]
        for one in self.manifest.inputs[: len(parts)]:
            part = parts[one.name]
            counts.append(part.shape[one.axis] if part.ndim == len(one.shape) else -1)
            if not 0 <= counts[-1] < self.manifest.chunk:
                raise DataError(
                    f"{self._label}: the rest of a stream has shape {part.shape}, expected fewer than {self.manifest.chunk} "
                    f"frames along axis {one.axis}",
                    "push whole chunks first",
                )
        return counts[-1]

    def _fitting(self, chunk: Mapping[str, np.ndarray], frames: int) -> dict[str, np.ndarray]:
        if self._finished:
            raise DataError(f"{self._label}: the stream was finished", "reset it")
        made = {}
        for one in self.manifest.inputs[: len(chunk)]:
            array = chunk[one.name]
            shape = (*one.shape[: one.axis], frames, *one.shape[one.axis + 1 :])
            if array.shape != shape:
                raise DataError(
                    f"{self._label}: a chunk of input {quote(one.name)} has shape {array.shape}, expected {shape}",
                    f"push {self.manifest.chunk} frames at a time along axis {one.axis}",
                )
            made[one.name] = array.astype(one.dtype, copy=False)
        return made


def fitting(manifest: Manifest, given: Mapping[str, Any], label: str) -> dict[str, np.ndarray]:
    """Statistics by name, as the model takes them.

    Raises:
        DataError: some are missing, one has another shape, or there is no such.
    """
    names = [one.input for one in manifest.statistics]
    missing, unknown = [name for name in names if name not in given], [name for name in given if name not in names]
    if missing or unknown:
        what = "are missing" if missing else "are not taken"
        raise DataError(
            f"{label}: statistics {what}: {', '.join(map(quote, missing or unknown))}",
            "measure them with `rfonnx stream statistics`, and give them with statistics="
            if missing
            else "leave them out",
        )
    made = {one.input: np.asarray(given[one.input]).astype(one.dtype, copy=False) for one in manifest.statistics}
    for one in manifest.statistics:
        if made[one.input].shape != one.shape:
            raise DataError(
                f"{label}: statistic {quote(one.input)} has shape {made[one.input].shape}, expected {one.shape}",
                f"it is {one.meaning}",
            )
    return made


def first_states(manifest: Manifest, others: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What states hold at first, by the inputs that hold them; `others`: what the host gives."""
    first = {
        one.input: np.broadcast_to(
            np.asarray(others[one.input] if one.initial is None else one.initial, one.dtype), one.shape
        ).copy()
        for one in manifest.states
    }
    for pack in manifest.packs:
        first[pack.input] = np.concatenate([first.pop(name).reshape(-1) for name in pack.states])
    return first


def holders(manifest: Manifest) -> dict[str, str]:
    """By input that holds states, the output that holds what they become."""
    inside = {name for pack in manifest.packs for name in pack.states}
    alone = {one.input: one.output for one in manifest.states if one.input not in inside}
    return alone | {pack.input: pack.output for pack in manifest.packs}


def _lengthened(part: np.ndarray, silence: np.ndarray) -> np.ndarray:
    """The last frames of an input, and silence up to a chunk."""
    return np.pad(part, [(0, whole - own) for whole, own in zip(silence.shape, part.shape, strict=True)])


def cut(array: np.ndarray, axis: int, start: int, end: int) -> np.ndarray:
    """Positions `start` to `end` of an axis, as far as there are some."""
    index: list[slice] = [slice(None)] * array.ndim
    index[axis] = slice(start, end)
    return array[tuple(index)]
