"""The model under check: everything that rules ask about it, worked out when it is first asked for and kept."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import analyze
from rfonnx.comparing.cost.macs import Macs, macs
from rfonnx.comparing.pairs.axes import FullShapes, Inputs, sample_axes
from rfonnx.comparing.pairs.failing import explained
from rfonnx.comparing.pairs.feeds import Feed, bound, stack
from rfonnx.comparing.pairs.random_samples import random_source
from rfonnx.comparing.pairs.running_model import OpenModel, input_spec
from rfonnx.comparing.run import compare_models
from rfonnx.comparing.settings import Settings
from rfonnx.data.prepare import Preparer
from rfonnx.data.samples import SampleSource, open_source
from rfonnx.errors import RunError
from rfonnx.graph.nodes import Graph
from rfonnx.model.opened import with_values
from rfonnx.results.binding import Shapes
from rfonnx.results.comparison import Comparison
from rfonnx.system.cores import usable_cores

FEW = 8
"""Samples that rules run the model on; random ones when no data is given."""

KEPT = 2**26
"""Bytes of outputs that are kept, so that rules share runs."""


@dataclass(slots=True)
class Against:
    """What the model is held against.

    Attributes:
        teacher: the file, or None.
        settings: of the comparison; its data, samples and preparation are also those of the other rules.
    """

    teacher: str | os.PathLike[str] | None = None
    settings: Settings = field(default_factory=Settings)


class Subject:
    """One model.

    Attributes:
        path: what messages call it.
        source: what it is read from, the values of the settings bound to its inputs.

    Args:
        path: the file.
        shapes: as for `rfonnx.analyze`.
        against: the teacher and the samples.
    """

    def __init__(
        self, path: str | os.PathLike[str], shapes: Shapes | None = None, against: Against | None = None
    ) -> None:
        self.path = Path(path)
        self.shapes = shapes or None
        self.against = against or Against()
        self.source = with_values(self.path, self.against.settings.values)
        self.threads = self.against.settings.threads or usable_cores()
        self._failures: dict[str, RunError] = {}
        self._answers: dict[str, list[np.ndarray]] = {}
        self._room = KEPT

    @cached_property
    def analysis(self) -> Analysis:
        """Fields of every tensor."""
        return analyze(self.source, self.shapes, batch_axes=self.against.settings.batch_axes)

    @cached_property
    def graph(self) -> Graph:
        """The graph with all shapes bound."""
        return self.source.graph(self.shapes)

    @cached_property
    def opened(self) -> OpenModel:
        """The model under onnxruntime."""
        return OpenModel("model", self.source, self.threads, self.against.settings.provider)

    @cached_property
    def macs(self) -> Macs:
        """Multiply-accumulates of one run."""
        return macs(self.graph)

    @cached_property
    def feeds(self) -> Sequence[tuple[str, Feed]]:
        """Names and inputs of a few runs of one sample each."""
        model, settings = self.opened, self.against.settings

        def source(axes: Inputs) -> SampleSource:
            if settings.data is not None:
                return open_source(settings.data)
            return random_source(model, self.shapes, settings.samples or FEW, settings.seed, axes)

        def preparer(axes: Inputs) -> Preparer:
            specs = [input_spec(model, port, port.name, axes) for port in model.inputs]
            return Preparer(specs, settings.student, model.values)

        def first(axes: Inputs) -> FullShapes:
            return bound(stack([preparer(axes)(next(iter(source(axes))).load())], axes))

        model.axes = sample_axes(self.source, model.declared, settings.batch_axes, lambda: self.analysis, first)
        prepare = preparer(model.axes.inputs)
        found: list[tuple[str, Feed]] = []
        for item in source(model.axes.inputs):
            if len(found) == (settings.samples or FEW):
                break
            found.append((item.name, model.feed_of(prepare(item.load()))))
        return found

    def run(self, name: str, feed: Feed, again: bool = False) -> list[np.ndarray]:
        """All outputs of a run on one sample.

        Args:
            name: of the sample; a sample that the model failed on is not run again, nor one whose outputs are still there.
            again: run it all the same.

        Raises:
            RunError: the model fails on it; the message names sample and node.
        """
        if name in self._answers and not again:
            return self._answers[name]
        if name not in self._failures:
            try:
                made = self.opened.run(feed, [port.name for port in self.opened.outputs])
                size = sum(array.nbytes for array in made if isinstance(array, np.ndarray))
                if size <= self._room and not again:
                    self._answers[name] = made
                    self._room -= size
                return made
            except RunError as error:
                self._failures[name] = explained(self.opened, name, feed, error)
        raise self._failures[name]

    @cached_property
    def comparison(self) -> Comparison:
        """The model as the student of its teacher."""
        assert self.against.teacher is not None
        return compare_models(self.against.teacher, self.source, self.against.settings)
