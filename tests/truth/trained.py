"""Real models: `PYTHONPATH=tests python -P tests/truth/trained.py MODEL... [--shape x=1,3,64,64] [--value sr=16000]`.

What rfonnx says of them, held by running them. Large models cannot be changed element by element. Of some positions of every
output, all that lies outside the box that is claimed is changed at once, and nothing may follow; where the box is exact, what
lies at its ends is changed, and the position should follow. Time facts are held in the same way. "not seen" is no fault by
itself: a trained net has units that are silent.
"""

from __future__ import annotations

import argparse
import copy
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

import rfonnx
from rfonnx.model.id_range import id_range
from rfonnx.model.reading.load import load

Feeds = dict[str, np.ndarray]
POSITIONS = 6
DRAWS = 3


class Model:
    """A model under onnxruntime, unoptimised, with random inputs of the shapes that the analysis bound."""

    def __init__(
        self, path: Path, shapes: dict[str, tuple[int, ...]], values: dict[str, Any], ids: dict[str, int] | None = None
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.types = {port.name: port.type for port in self.session.get_inputs()}
        self.outputs = [port.name for port in self.session.get_outputs()]
        self.shapes, self.values, self.ids = shapes, values, ids or {}
        self.random = np.random.default_rng(1)

    @classmethod
    def of(cls, model: Model, shapes: dict[str, tuple[int, ...]]) -> Model:
        """The same session at other shapes."""
        made = copy.copy(model)
        made.shapes = shapes
        return made

    def draw(self, scale: float = 1.0) -> Feeds:
        made = {}
        for name, kind in self.types.items():
            if name in self.values:
                made[name] = np.asarray(self.values[name], _dtype(kind))
            elif "float" in kind and name not in self.ids:
                made[name] = (self.random.normal(size=self.shapes[name]) * scale).astype(_dtype(kind))
            else:
                made[name] = self.random.integers(0, self.ids.get(name, 1) + 1, self.shapes[name]).astype(_dtype(kind))
        return made

    def other(self, feeds: Feeds, keep: dict[str, np.ndarray]) -> Feeds:
        """Other values wherever `keep` (broadcast to the input) is False."""
        drawn = self.draw(float(self.random.choice([0.5, 1, 3])))
        return {n: np.where(np.broadcast_to(keep.get(n, True), v.shape), v, drawn[n]) for n, v in feeds.items()}

    def run(self, feeds: Feeds) -> dict[str, np.ndarray]:
        return dict(zip(self.outputs, self.session.run(None, feeds), strict=True))


def _dtype(kind: str) -> Any:
    names = {"float": np.float32, "double": np.float64, "float16": np.float16, "int64": np.int64, "int32": np.int32}
    return names.get(kind[7:-1], np.dtype(kind[7:-1]) if kind[7:-1] in ("bool", "uint8", "int8") else np.float32)


def same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Equal but for rounding: kernels may sum in another order when values differ elsewhere."""
    if a.dtype.kind != "f":
        return np.asarray(a == b)
    scale = np.abs(a).max() if a.size else 1.0
    return np.isclose(a, b, rtol=1e-4, atol=1e-6 * float(scale or 1.0), equal_nan=True)


def boxes(model: Model, analysis: rfonnx.Analysis) -> Iterator[str]:
    for output in model.outputs:
        if output not in analysis.tensors or not isinstance(model.run(model.draw())[output], np.ndarray):
            continue
        tensor = analysis.tensors[output]
        shape = model.run(model.draw())[output].shape
        if tensor.shape != shape:
            if tensor.shape is not None and None not in tensor.shape:
                yield f"wrong: {output} has shape {shape}, said {tensor.shape}"
            continue
        for _ in range(POSITIONS):
            place = tuple(int(model.random.integers(n)) for n in shape)
            box = analysis.box(output, place) or {}
            yield from _box(model, output, place, box, tensor.exact)


def _box(model: Model, output: str, place: tuple[int, ...], box: Any, exact: bool) -> Iterator[str]:
    keep = {}
    for name in model.types:
        inside: Any = np.zeros((), bool)
        if name in box:
            inside = np.ones((), bool)
            for axis, (lo, hi) in enumerate(box[name]):
                index = np.arange(model.shapes[name][axis]).reshape(-1, *[1] * (len(box[name]) - axis - 1))
                inside = inside & (lo <= index) & (index <= hi)
        keep[name] = inside if name not in model.values else np.ones((), bool)
    for _ in range(DRAWS):
        feeds = model.draw()
        before, after = model.run(feeds)[output], model.run(model.other(feeds, keep))[output]
        if before.shape == after.shape and not same(before, after)[place]:
            yield f"wrong: {output}{place} changes with what is outside of {box}: {before[place]} {after[place]}"
            return
    if not exact:
        return
    for name, ends in box.items():
        for axis, pair in enumerate(ends):
            for end in dict.fromkeys(pair):
                index = np.arange(model.shapes[name][axis]).reshape(-1, *[1] * (len(ends) - axis - 1))
                if not _moves(model, output, place, name, index != end):
                    yield f"not seen: {output}{place} reads {name} axis {axis} at {end}, of {pair}"


def _moves(model: Model, output: str, place: tuple[int, ...], name: str, keep: np.ndarray) -> bool:
    for scale in (1.0, 0.3, 3.0, 10.0):
        feeds = model.draw(scale)
        before, after = model.run(feeds)[output], model.run(model.other(feeds, {name: keep}))[output]
        if before.shape != after.shape or before[place] != after[place]:
            return True
    return False


def time(model: Model, analysis: rfonnx.Analysis) -> Iterator[str]:
    for output in model.outputs:
        facts = analysis.facts[output].time if output in analysis.facts else ()
        for fact in facts:
            length = model.shapes[fact.input][fact.axis]
            rank = len(model.shapes[fact.input])
            seen = -length
            behind = -length
            for _ in range(8):
                at = int(model.random.integers(1, length)) if length > 1 else 0
                index = np.arange(length).reshape(-1, *[1] * (rank - fact.axis - 1))
                feeds = model.draw()
                before, after = (
                    model.run(feeds)[output],
                    model.run(model.other(feeds, {fact.input: index < at}))[output],
                )
                differs = ~same(before, after)
                changed = np.flatnonzero(
                    differs.any(axis=tuple(i for i in range(differs.ndim) if i != fact.tensor_axis))
                )
                if len(changed):
                    own = int(changed[0]) * fact.stride.numerator // fact.stride.denominator
                    seen = max(seen, at - own)
                changed, at = _first_kept(model, output, fact, rank, length)
                if len(changed):
                    own = int(changed[-1]) * fact.stride.numerator // fact.stride.denominator
                    behind = max(behind, own - at)
            told = f"{output} along {fact.input} axis {fact.axis}: causal {fact.causal}, lookahead {fact.lookahead}"
            told += f", context {fact.context}"
            if seen > fact.lookahead or (fact.causal and seen > 0) or (fact.length and behind > fact.context):
                yield f"wrong: {told}, seen {seen} and {behind}"
            yield f"held: {told}, at least {seen} and {behind} seen"


def _first_kept(model: Model, output: str, fact: Any, rank: int, length: int) -> tuple[np.ndarray, int]:
    """Output positions that change with the first samples, up to `at`, and `at`."""
    at = int(model.random.integers(0, length - 1)) if length > 1 else 0
    index = np.arange(length).reshape(-1, *[1] * (rank - fact.axis - 1))
    feeds = model.draw()
    before = model.run(feeds)[output]
    differs = ~same(before, model.run(model.other(feeds, {fact.input: index > at}))[output])
    return np.flatnonzero(differs.any(axis=tuple(i for i in range(differs.ndim) if i != fact.tensor_axis))), at


def batch(model: Model, analysis: rfonnx.Analysis) -> Iterator[str]:
    """One sample of every input is changed at once: "independent" changes no other one, "dropped" drops some, "mixed" mixes."""
    for output, fact in analysis.facts.items():
        told = f"{output}: batch {fact.batch.state} {fact.batch.reason}"
        count = 2
        shapes = {n: list(shape) for n, shape in model.shapes.items()}
        for name, axis in fact.batch.inputs:
            shapes[name][axis] = count
        two = Model.of(model, {n: tuple(shape) for n, shape in shapes.items()})
        if not fact.batch.inputs or not fact.batch.batch:
            yield f"held: {told}"
            continue
        mixed, dropped = False, False
        for sample in [*range(count)] * DRAWS:
            feeds = two.draw()
            keep = {
                n: np.arange(count).reshape(-1, *[1] * (len(shapes[n]) - axis - 1)) != sample
                for n, axis in fact.batch.inputs
            }
            before, after = two.run(feeds)[output], two.run(two.other(feeds, keep))[output]
            if before.shape != after.shape:
                mixed = True
                continue
            differs = ~same(before, after)
            if fact.batch.axis is None:
                dropped |= not differs.any()
                continue
            others = np.delete(differs, sample, fact.batch.axis)
            mixed |= bool(others.any())
            dropped |= not differs.any()
        if (mixed and fact.batch.state in ("independent", "dropped")) or (
            dropped and fact.batch.state == "independent"
        ):
            yield f"wrong: {told}: mixed {mixed}, dropped {dropped} ({fact.batch})"
        elif not mixed and fact.batch.state == "mixed":
            yield f"not seen: {told}"
        yield f"held: {told}: mixed {mixed}, dropped {dropped}"


def shifts(model: Model, analysis: rfonnx.Analysis) -> Iterator[str]:
    """What is shown is moved by the period: y[o] is to be y'[o + shift]."""
    for output, facts in analysis.facts.items():
        for fact in facts.shifts:
            told = f"{output}: shift of {fact.input} axis {fact.axis}: {fact.period} -> {fact.shift} {fact.reason}"
            if fact.period is None or fact.positions is None or fact.tensor_axis is None:
                yield f"held: {told}"
                continue
            first, last = fact.positions
            for _ in range(DRAWS):
                feeds = model.draw()
                shown = feeds[fact.input]
                if fact.room:
                    index = np.arange(shown.shape[fact.axis]).reshape(-1, *[1] * (shown.ndim - fact.axis - 1))
                    inside = (fact.room[0] <= index) & (index <= fact.room[1] - fact.period)
                    shown = np.where(inside, shown, np.take(shown, [0], fact.axis))
                moved = np.roll(shown, fact.period, fact.axis)
                if not fact.room:
                    fresh = np.arange(shown.shape[fact.axis]).reshape(-1, *[1] * (shown.ndim - fact.axis - 1))
                    moved = np.where(fresh < fact.period, model.draw()[fact.input], moved)
                before = model.run(feeds | {fact.input: shown})[output]
                after = model.run(feeds | {fact.input: moved})[output]
                still = np.take(before, range(first, last + 1 - fact.shift), fact.tensor_axis)
                gone = np.take(after, range(first + fact.shift, last + 1), fact.tensor_axis)
                error = np.abs(still.astype(float) - gone).max() / (np.abs(before).max() or 1.0) if still.size else 0.0
                if error > 1e-3:
                    yield f"wrong: {told}: off by {error:.3g}"
            yield f"held: {told}: {still.size} elements followed, at {first}..{last}, room {fact.room}"


def held(path: Path, shapes: Any, values: Any) -> Iterator[str]:
    """What is said of one model, and what was seen."""
    analysis = rfonnx.analyze(path, shapes, values=values or None)
    bound = {name: tuple(n or 1 for n in shape or ()) for name, shape in analysis.input_shapes.items()}
    graph = load(path, shapes)
    ranges = {name: id_range(graph, name) for name in bound if name not in values}
    model = Model(path, bound, values, {name: top for name, found in ranges.items() if found for top in found[1:]})
    yield from boxes(model, analysis)
    yield from time(model, analysis)
    yield from batch(model, analysis)
    yield from shifts(model, analysis)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--shape", action="append", default=[], help="name=1,3,64,64")
    parser.add_argument("--value", action="append", default=[], help="name=16000")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    shapes = {n: tuple(map(int, v.split(","))) for n, v in (word.split("=") for word in asked.shape)}
    values = {n: int(v) for n, v in (word.split("=") for word in asked.value)}
    wrong = 0
    for path in asked.models:
        try:
            lines = list(held(path, shapes or None, values))
        except Exception as error:  # a crash is a finding like another
            where = traceback.extract_tb(error.__traceback__)[-1]
            lines = [f"wrong: {type(error).__name__} at {Path(where.filename).name}:{where.lineno}: {error}"]
        wrong += sum(line.startswith("wrong") for line in lines)
        print(f"{path.name}: {len(lines)} lines, {sum(line.startswith('not seen') for line in lines)} not seen")
        for line in [line for line in lines if not line.startswith("not seen")]:
            print(f"  {line[:300]}", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
