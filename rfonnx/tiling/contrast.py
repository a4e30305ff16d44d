"""Runs that are held against each other: the whole against tiles, the whole against itself with other numbers around a part."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rfonnx.model.inputs import InputType, draw, integers
from rfonnx.results.tiling import Ranges
from rfonnx.results.verification import Difference
from rfonnx.tiling.plan import Plan
from rfonnx.tiling.runner import Arrays, Runner, part

ROUNDING = {"float32": 1e-4, "float64": 1e-10, "float16": 1e-2}
"""Of the largest value: what sums in another order may differ by; kernels choose the order by the size of what they are given."""

OTHER = 8.0
"""Times as large as a sample: what is put outside a crop."""


def difference(a: np.ndarray, b: np.ndarray, scale: float) -> Difference:
    """Of two arrays, infinite where their shapes differ; `scale`: the largest value of the output that they are parts of."""
    if a.shape != b.shape:
        return Difference(np.inf, scale, np.inf, 0.0)
    floats = a.dtype.kind == "f"
    same = (a == b) | ((a != a) & (b != b))
    with np.errstate(invalid="ignore"):
        off = np.abs(a.astype(np.float64) - b.astype(np.float64), where=~same, out=np.zeros(a.shape))
    largest = float(np.where(np.isnan(off), np.inf, off).max(initial=0))
    if not floats:
        return Difference(largest, scale, 0.0, 0.0)
    step = float(np.spacing(a.dtype.type(scale))) if np.isfinite(scale) else np.inf
    return Difference(largest, scale, largest / step, ROUNDING.get(a.dtype.name, 0.0) * scale)


def worst(found: Mapping[str, Difference], more: Mapping[str, Difference]) -> dict[str, Difference]:
    """The larger one, by output."""
    return {name: max(one, found.get(name, one), key=lambda off: off.largest) for name, one in more.items()}


class Contrast:
    """A model's run on the whole, and what other runs give in its place.

    Attributes:
        made: the outputs of the whole.
        whole: these, or what the undivided model makes.
        scales: the largest finite absolute value of each.
    """

    def __init__(self, plan: Plan, runner: Runner, feeds: Arrays, seed: int, whole: Arrays | None = None) -> None:
        """The whole is run.

        Args:
            plan, runner: of one pass.
            feeds: the whole of its inputs.
            seed: of what is put outside crops.
            whole: what the undivided model makes, where that is another one.

        Raises:
            RunError: onnxruntime cannot run the model.
        """
        self._runner, self._feeds = runner, feeds
        self._everything = {name: tuple((0, n) for n in shape) for name, shape in plan.output_shapes.items()}
        self._plan, self._seed = plan, seed
        self.made = runner(feeds, self._everything)
        self.whole = whole or self.made
        self.scales = {
            name: float(np.abs(array, where=finite, out=np.zeros(array.shape, np.float64)).max(initial=0))
            for name, array in self.whole.items()
            for finite in [np.isfinite(array) if array.dtype.kind == "f" else np.ones(array.shape, bool)]
        }

    def cropped(
        self,
        crops: Mapping[str, Ranges],
        kept: Mapping[str, Ranges],
        local: Mapping[str, Ranges],
        whole: Arrays | None = None,
    ) -> dict[str, Difference]:
        """Of what a run on crops gives at `local` to what the whole has at `kept`, by output. `whole`: None: `made`.

        Raises:
            RunError: onnxruntime cannot run the model on them.
        """
        made = self._runner({name: np.asarray(self._feeds[name][part(at)]) for name, at in crops.items()}, local)
        return self._against(made, kept, whole or self.made)

    def spoilt(self, crops: Mapping[str, Ranges], kept: Mapping[str, Ranges], turn: int = 0) -> dict[str, Difference]:
        """The same of the whole, when everything outside the crops is replaced; by other, larger numbers in each turn."""
        feeds = noise(self._plan, self._seed, turn)
        for name, ranges in crops.items():
            feeds[name][part(ranges)] = self._feeds[name][part(ranges)]
        return self._against(self._runner(feeds, kept), kept, self.made)

    def _against(self, made: Arrays, kept: Mapping[str, Ranges], whole: Arrays) -> dict[str, Difference]:
        return {
            name: difference(array, whole[name][part(kept[name])], self.scales[name]) for name, array in made.items()
        }


def types(plan: Plan) -> dict[str, InputType]:
    """What the inputs of the whole take."""
    graph = plan.graph
    return {
        name: InputType(shape, dtype, integers(graph, name, dtype), batch=None)
        for name, shape in plan.input_shapes.items()
        for dtype in [np.dtype(plan.input_dtypes[name])]
    }


def noise(plan: Plan, seed: int, turn: int) -> Arrays:
    """What is put outside a crop: large numbers, or whole ones that the input may hold."""
    drawn = draw(types(plan), seed, 1_000_000 + turn)
    times = OTHER ** (turn + 1)
    return {
        name: np.asarray(array * array.dtype.type(times)) if array.dtype.kind == "f" else array
        for name, array in drawn.items()
    }
