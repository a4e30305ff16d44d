"""The two models of a comparison: opened, their inputs and outputs paired, and samples prepared for each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rfonnx.analysis.analyze import analyze
from rfonnx.comparing.figures.verdicts import check_measures
from rfonnx.comparing.pairs.axes import FullShapes, Inputs, sample_axes
from rfonnx.comparing.pairs.feeds import Feed, bound, stack
from rfonnx.comparing.pairs.matching import Port, match
from rfonnx.comparing.pairs.opening import open_models
from rfonnx.comparing.pairs.outputs import Measured, check_outputs, measured_pairs
from rfonnx.comparing.pairs.random_samples import random_source
from rfonnx.comparing.pairs.running_model import input_spec
from rfonnx.comparing.pairs.saved import SavedModel
from rfonnx.comparing.pairs.stated_values import for_both
from rfonnx.comparing.settings import Settings
from rfonnx.data.prepare import Preparer
from rfonnx.data.samples import SampleSource, open_source
from rfonnx.errors import DataError, QueryError, RfonnxError
from rfonnx.model.inputs import RANDOM_SAMPLES
from rfonnx.model.opened import Source
from rfonnx.system.cores import usable_cores


class Pair:
    """Teacher and student.

    Attributes:
        settings: what is asked for.
        threads: per operator.
        models: the teacher's and the student's.
        saved: those of them that are not there, but their outputs.
        inputs, outputs: pairs of ports, the teacher's first. A model whose partner is not there has its inputs twice.
        measured: pairs of outputs, or of parts of them.
    """

    def __init__(self, teacher: Source, student: Source, settings: Settings) -> None:
        """Open both.

        Raises:
            ModelError: one cannot be read or opened.
            QueryError: their inputs or outputs do not match.
            DataError: the data cannot be read, or nothing tells which axes count samples.
        """
        self.settings = settings
        self.threads = settings.threads or usable_cores()
        for said in (settings.limits, *settings.output_limits.values()):
            check_measures(said)
        self.models = open_models(teacher, student, settings, self.threads)
        mine, theirs = self.models
        self.saved = [model for model in self.models if isinstance(model, SavedModel)]
        if self.saved:
            self.inputs = [(port, port) for model in self.models for port in model.inputs]
        else:
            self.inputs = match("input", mine.inputs, theirs.inputs, self._pairs_of_inputs(), check=False)
        self.measured = [] if settings.before else self.pairs_of(mine.outputs, theirs.outputs)
        self.outputs = (
            self._whole_outputs() if settings.before else list(dict.fromkeys(one.ports for one in self.measured))
        )
        self._find_axes()

    def pairs_of(self, teacher: Sequence[Port], student: Sequence[Port]) -> list[Measured]:
        """What is measured of these outputs.

        Raises:
            QueryError: they do not match, or something is said of an output that is none of them.
        """
        found = measured_pairs(teacher, student, self.settings.outputs)
        check_outputs("a task", self.settings.tasks, found)
        check_outputs("a limit", self.settings.output_limits, found)
        check_outputs("a tolerance", {name: None for name in self.settings.tolerances if name}, found)
        return found

    def _whole_outputs(self) -> list[tuple[Port, Port]]:
        """The outputs that belong together before a hook changes them; none where nothing tells."""
        try:
            return match("output", self.models[0].outputs, self.models[1].outputs, {}, check=True)
        except QueryError:
            return []

    def share_uncounted(self) -> None:
        """An output that counts no samples in one model is read so in the other: the two have one shape then."""
        mine, theirs = self.models
        for one, other in self.outputs:
            if one.name in mine.uncounted or other.name in theirs.uncounted:
                mine.uncounted.add(one.name)
                theirs.uncounted.add(other.name)

    def wanted(self) -> tuple[list[str], list[str]]:
        """Outputs to run for, of the teacher and of the student: the paired ones, or what a hook takes, which is all."""
        if self.settings.before:
            mine, theirs = ([p.name for p in model.outputs if p.type.startswith("tensor(")] for model in self.models)
            return mine, theirs
        return [a.name for a, _ in self.outputs], [b.name for _, b in self.outputs]

    def _pairs_of_inputs(self) -> dict[str, str]:
        """The pairs that were asked for, without bound inputs."""
        mine, theirs = self.models
        return {a: b for a, b in self.settings.inputs.items() if a not in mine.values and b not in theirs.values}

    def _find_axes(self) -> None:
        """Find where samples lie in both models."""
        settings = self.settings
        mine, theirs = ([port.name for port in model.inputs] for model in self.models)
        said = for_both("a batch axis", settings.batch_axes, mine, theirs, settings.inputs)
        shapes = (settings.shapes, settings.student_shapes or settings.shapes)
        for which, (model, given, bound_to) in enumerate(zip(self.models, said, shapes, strict=True)):
            if model in self.saved:
                continue
            analysed = partial(analyze, model.source, bound_to or None, batch_axes=given)
            first = partial(self._first_shapes, which)
            model.axes = sample_axes(model.source, model.declared, given, analysed, first)

    def _first_shapes(self, which: int, axes: Inputs) -> FullShapes:
        """Shapes of the first sample that can be read, prepared for a model with these batch axes."""
        problem: RfonnxError | None = None
        for item in self.open_source(None if which else axes):
            try:
                return bound(stack([self.preparer(which, axes)(item.load())], axes))
            except RfonnxError as error:
                problem = problem or error
                if self.settings.on_error == "fail":
                    break
        raise problem or DataError("the data holds no samples", "give at least one")

    def open_source(self, axes: Inputs | None = None) -> SampleSource:
        """The samples; random ones for a teacher with these batch axes, or those that were found.

        Raises:
            DataError: the data cannot be read.
            ShapeError: nothing tells the shape of random samples.
        """
        settings = self.settings
        if settings.data is not None:
            if not self.inputs and not self.saved:
                raise QueryError("data is given for models that take no inputs", "leave out --data: one run tells all")
            return open_source(settings.data)
        if len(self.saved) == len(self.models):
            return self.saved[0]
        live = next(model for model in self.models if model not in self.saved)
        for model in self.saved:
            model.check_seed(settings.seed)
        count = settings.samples or RANDOM_SAMPLES if live.inputs else 1
        return random_source(live, settings.shapes or None, count, settings.seed, axes)

    def preparer(self, which: int, axes: Inputs | None = None) -> Preparer:
        """Makes feeds of the teacher (0) or the student (1) from samples."""
        model = self.models[which]
        along = model.axes.inputs if axes is None else axes
        pairs = self.inputs if model.inputs else []
        specs = [input_spec(model, pair[which], pair[0].name, along) for pair in pairs]
        return Preparer(specs, self.settings.student if which else self.settings.teacher, model.values)

    def batch_size(self) -> int:
        """Samples per run: what the files fix, 1 where samples cannot share a run, else what is asked for."""
        if not all(model.axes.together for model in self.models):
            return 1
        if any(model.batch is not None for model in self.models):
            return max(model.batch or 1 for model in self.models)
        return max(1, self.settings.batch)

    def stack(self, teacher: Sequence[Feed], student: Sequence[Feed]) -> tuple[Feed, Feed]:
        """Inputs of a run for each model; arrays that both take as they are, along the same axes, are stacked once."""
        mine, theirs = (model.axes.inputs for model in self.models)
        given = stack(teacher, mine)
        if self.saved:
            return given, stack(student, theirs)
        one, other = teacher[0], student[0]
        if all(other[b.name] is one[a.name] and mine[a.name] == theirs[b.name] for a, b in self.inputs):
            return given, {b.name: given[a.name] for a, b in self.inputs}
        return given, stack(student, theirs)

    @property
    def input_names(self) -> list[tuple[str, str]]:
        """Names of the paired inputs."""
        return [(a.name, b.name) for a, b in self.inputs]
