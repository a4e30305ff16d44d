"""The plan that users get: it runs too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, cast

import numpy as np

from rfonnx.errors import QueryError
from rfonnx.graph.text import quote
from rfonnx.model.opened import Opened
from rfonnx.model.reading.bind import Shapes
from rfonnx.results.tiling import Pair, Ranges
from rfonnx.results.verification import Verification
from rfonnx.system.late import Late
from rfonnx.tiling.memory_fit import within
from rfonnx.tiling.plan import Plan
from rfonnx.tiling.planning import make_plan
from rfonnx.tiling.pools import Client
from rfonnx.tiling.running import Tell, Write, check, run, to_sinks
from rfonnx.tiling.stages.staged import staged_plan

showing = Late("rfonnx.report.showing")
"""Reports stand above plans: what shows one is found when it is asked for."""

Read = Callable[[str, Ranges], np.ndarray]
"""Gives a part of an input: its name, and where the part lies."""


class TilePlan(Plan):
    """How a model is run on tiles of its input so that together they are what the whole would be.

    Attributes:
        exact: every tile is proven to be what the whole has there.
        reasons: a line each, why not.
        halo, grid: by (input, axis); see there.
        tiles: all tiles, each with `crops`, `kept` and `local`, ranges by input or output.
        others: see `rfonnx.tiling.plan.Plan`.
    """

    def _repr_html_(self) -> str:
        """What notebooks show: what `rfonnx tile plan` says."""
        return str(showing.plan_html(self.summary()))

    def at(self, shapes: Shapes) -> TilePlan:
        """The same for a whole of these shapes.

        Raises:
            RfonnxError: as `rfonnx.tile`.
        """
        return _public(self.again(shapes))

    def run(
        self,
        source: Any,
        sink: Any,
        *,
        workers: int = 1,
        threads: int | None = None,
        providers: str | Sequence[str] | None = None,
        scheduler: str | Client | None = None,
        tell: Tell = lambda done, total: None,
    ) -> None:
        """Run the model on all tiles. Memory does not grow with their number.

        Args:
            source: anything with `shape`, `dtype` and item access by slices (numpy, a memory map, Zarr), or such by input; or a
                function that gives a part of an input, called with its name and ranges.
            sink: anything with item assignment by slices, or such by output; or a function that takes a part of an output, called
                with its name, ranges and the array.
            workers: tiles that are run at a time, by one session.
            threads: of one operator, shared by the workers; None: so many that each core has one.
            providers: as in `rfonnx.erf`.
            scheduler: address of a Dask scheduler, or a client of one: its workers run the tiles.
            tell: called with the tiles that are done, and how many there are, over all passes.

        Raises:
            DataError: a source does not fit its input, or cannot be read.
            QueryError: the plan is not exact, or needs a size.
            RunError: the model fails on a crop.
        """
        sources, plan = self._sources(source)
        outputs = list(plan.output_shapes)
        if callable(sink) and not hasattr(sink, "__setitem__"):
            write = cast(Write, sink)
        else:
            write = to_sinks(sink if isinstance(sink, Mapping) else {_only(outputs, "output"): sink})
        run(plan, sources, write, workers=workers, threads=threads, providers=providers, scheduler=scheduler, tell=tell)

    def verify(
        self,
        inputs: np.ndarray | Mapping[str, np.ndarray] | None = None,
        *,
        seed: int = 0,
        threads: int | None = None,
        providers: str | Sequence[str] | None = None,
    ) -> Verification:
        """Run the whole and the tiles, and hold them against each other: at the plan's size, or at a few where it has none.

        Everything outside crops is replaced, too, which must change nothing of what is kept; and smaller halos, shorter crops and
        origins off the grid are tried, which must.

        Args:
            inputs: the whole, or such by input, which sets the size; None: random.
            seed: of what is drawn.
            threads, providers: as in `rfonnx.erf`.

        Raises:
            DataError: an input is not what the model takes.
            RunError: onnxruntime cannot run the model.
        """
        from rfonnx.tiling.verify import verify

        if inputs is None:
            return verify(self, None, seed, threads, providers)
        sources, plan = self._sources(inputs)
        if plan.exact:
            check(plan, sources)
        return verify(plan, sources, seed, threads, providers)

    def to_dask(self, source: Any, threads: int | None = None) -> Any:
        """The outputs as lazy Dask arrays: an array, or such by output where there are several. Each tile is a task.

        Args:
            source: a Dask array, or anything that `dask.array.from_array` takes; or such by input.
            threads: of the session, of which each worker process has one; None: one per core.

        Raises:
            DataError, QueryError: as `run`; or Dask is not installed, or the plan is in stages.
        """
        from rfonnx.tiling.lazy_array import lazy_outputs

        sources, plan = self._sources(source)
        check(plan, sources)
        made = lazy_outputs(plan, sources, threads)
        return made if len(made) > 1 else next(iter(made.values()))

    def _sources(self, source: Any) -> tuple[dict[str, Any], TilePlan]:
        """Sources by input, and the plan for their size."""
        names = list(self.file_inputs)
        if callable(source) and not hasattr(source, "shape"):
            sources: dict[str, Any] = {name: Parts(name, cast(Read, source), self) for name in names}
        else:
            sources = dict(source) if isinstance(source, Mapping) else {_only(names, "input"): source}
        shapes = {name: tuple(one.shape) for name, one in sources.items()}
        same = shapes == {name: self.file_shapes.get(name) for name in sources}
        return sources, self if same else self.at(shapes)


class Parts:
    """A function that gives parts of an input, as a source."""

    def __init__(self, name: str, read: Read, plan: TilePlan) -> None:
        """Nothing is read yet."""
        if name not in plan.file_shapes:
            raise QueryError("a function gives the input, and the plan has no size", "plan with shapes= or size=")
        self.shape, self.dtype = plan.file_shapes[name], np.dtype(plan.file_inputs[name])
        self._name, self._read = name, read

    def __getitem__(self, index: tuple[slice, ...]) -> np.ndarray:
        """The part at these slices."""
        return self._read(self._name, tuple((one.start, one.stop) for one in index))


def tile_plan(
    model: Opened,
    shapes: Shapes | None = None,
    tile: Sequence[int] | Mapping[Pair, int] | None = None,
    size: Sequence[int] | None = None,
    stages: bool = False,
    memory: int | None = None,
) -> TilePlan:
    """See `rfonnx.tile`."""
    if memory is not None and tile is not None:
        raise QueryError("memory and tile both say how long crops are", "give one of them")
    make = staged_plan if stages else make_plan

    def planned(shapes: Shapes | None, size: Sequence[int] | None) -> Plan:
        plan = make(model, shapes, tile, size)
        if memory is not None and any(one.cuts for one in plan.passes):
            plan = within(lambda longest: make(model, shapes, longest, size), plan, memory)
        return replace(plan, again=lambda other: planned(other, None))

    return _public(planned(shapes, size))


def _public(plan: Plan) -> TilePlan:
    return TilePlan(**{entry.name: getattr(plan, entry.name) for entry in fields(Plan)})


def _only(names: Sequence[str], what: str) -> str:
    if len(names) != 1:
        raise QueryError(
            f"the model has {len(names)} {what}s ({', '.join(map(quote, names))}), and one was given without a name",
            f"give a table by {what}",
        )
    return names[0]
