"""Real models: `PYTHONPATH=tests python -P tests/truth/trained.py MODEL... [--shape x=1,3,64,64] [--value sr=16000]`.

What rfonnx says of them, held by running them. Large models cannot be changed element by element. Of some positions of every
output, all that lies outside the box that is claimed is changed at once, and nothing may follow; where the box is exact, what
lies at its ends is changed, and the position should follow. Time facts are held in the same way. "not seen" is no fault by
itself: a trained net has units that are silent.
"""

from __future__ import annotations

import argparse
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

import rfonnx

Feeds = dict[str, np.ndarray]
POSITIONS = 6
DRAWS = 3


class Model:
    """A model under onnxruntime, unoptimised, with random inputs of the shapes that the analysis bound."""

    def __init__(self, path: Path, shapes: dict[str, tuple[int, ...]], values: dict[str, Any]) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.types = {port.name: port.type for port in self.session.get_inputs()}
        self.outputs = [port.name for port in self.session.get_outputs()]
        self.shapes, self.values = shapes, values
        self.random = np.random.default_rng(1)

    def draw(self, scale: float = 1.0) -> Feeds:
        made = {}
        for name, kind in self.types.items():
            if name in self.values:
                made[name] = np.asarray(self.values[name], _dtype(kind))
            elif "float" in kind:
                made[name] = (self.random.normal(size=self.shapes[name]) * scale).astype(_dtype(kind))
            else:
                made[name] = self.random.integers(0, 2, self.shapes[name]).astype(_dtype(kind))
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
            told = f"{output} along {fact.input} axis {fact.axis}: causal {fact.causal}, lookahead {fact.lookahead}"
            if seen > fact.lookahead or (fact.causal and seen > 0):
                yield f"wrong: {told}, seen {seen}"
            yield f"held: {told}, at least {seen} seen"


def batch(model: Model, analysis: rfonnx.Analysis) -> Iterator[str]:
    for output, fact in analysis.facts.items():
        yield f"held: {output}: batch {fact.batch.state} {fact.batch.reason}"


def held(path: Path, shapes: Any, values: Any) -> Iterator[str]:
    """What is said of one model, and what was seen."""
    analysis = rfonnx.analyze(path, shapes)
    bound = {name: tuple(n or 1 for n in shape or ()) for name, shape in analysis.input_shapes.items()}
    model = Model(path, bound, values)
    yield from boxes(model, analysis)
    yield from time(model, analysis)
    yield from batch(model, analysis)


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
