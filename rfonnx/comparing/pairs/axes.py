"""Where samples lie in a model's inputs and outputs, and whether several may share a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import analyze
from rfonnx.analysis.derive.batch_axis import Given, named_axes
from rfonnx.errors import DataError, RfonnxError
from rfonnx.graph.dim_names import batch_word
from rfonnx.model.opened import Source

ROUNDS = 4
"""How often a sample is prepared anew because an analysis of it told of other axes."""

Inputs = Mapping[str, int | None]
FullShapes = Mapping[str, tuple[int, ...]]
Dims = Mapping[str, tuple[int | str, ...]]


@dataclass(frozen=True, slots=True)
class SampleAxes:
    """The axes that count samples.

    Attributes:
        inputs: by input; None: it has none, and is fed as it is.
        outputs: by output; those that have none, or of which nothing tells, are missing.
        together: whether several samples may share a run; otherwise they run one by one.
    """

    inputs: Inputs = field(default_factory=dict)
    outputs: Mapping[str, int] = field(default_factory=dict)
    together: bool = True


def sample_axes(
    source: Source,
    declared: tuple[Dims, Dims],
    given: Given,
    analysed: Callable[[], Analysis],
    first: Callable[[Inputs], FullShapes],
) -> SampleAxes:
    """Find them: by names, by an analysis at the shapes that are known, or else at those of the first sample.

    Args:
        source: the model.
        declared: dimensions of its inputs and of its outputs, as the file declares them.
        given: batch axes that the user says.
        analysed: analyses the model at the shapes that the user gave; may raise.
        first: prepares the first sample for a model with these axes, and gives its shapes, the batch axis of 1 included.

    Raises:
        QueryError: the user names an input or an axis that there is not.
        DataError: no sample fits, or nothing tells where it lacks the batch axis.
    """
    dims, results = declared
    named = named_axes(dims, given)
    if len(named) == len(dims):
        inputs = {name: one.axis for name, one in named.items()}
        outputs = dict(_named_outputs(dims, results, inputs))
        if len(outputs) == len(results) or None in inputs.values():
            return SampleAxes(inputs, outputs, None not in inputs.values() and len(outputs) == len(results))
    try:
        analysis = analysed()
    except RfonnxError:
        pass  # a length is open, which samples may tell
    else:
        return _as_given(_by_analysis(analysis), analysis, first)
    attempts, problem = list(_attempts(dims, {name: one.axis for name, one in named.items()})), None
    for _ in range(ROUNDS + len(attempts)):
        if not attempts:
            break
        attempt = attempts.pop(0)
        try:
            shapes = first(attempt)
        except DataError as error:
            problem = problem or error
            continue
        try:
            found = _by_analysis(analyze(source, shapes, batch_axes=given))
        except RfonnxError:
            return SampleAxes(attempt, {}, together=False)  # nothing is proven of it, so samples run one by one
        if found.inputs == attempt:
            return found
        attempts.insert(0, found.inputs)
    raise problem or DataError(
        "nothing tells which axes of the inputs count samples", "say so with --batch-axis NAME=AXIS or NAME=none"
    )


def _as_given(found: SampleAxes, analysis: Analysis, first: Callable[[Inputs], FullShapes]) -> SampleAxes:
    """The axes; where one is only presumed and the user gave it more than one position, samples hold all of them, if they do.

    So do then the inputs whose axis is known: what runs together has the lengths that the user gave.
    """
    shapes, axes = analysis.input_shapes, analysis.batches.axes
    long = {name for name, axis in found.inputs.items() if axis is not None and (shapes[name] or ())[axis] != 1}
    if all(axes[name].known for name in long):
        return found
    whole = {name: None if name in long else axis for name, axis in found.inputs.items()}
    try:
        first(whole)
    except DataError:
        return found
    return SampleAxes(whole, {}, together=False)


def _attempts(dims: Dims, named: Inputs) -> Iterator[Inputs]:
    """Axes under which a sample may fit: the likely ones, then none (it holds the batch axis itself), then any other."""
    likely = {name: named[name] if name in named else _likely(own) for name, own in dims.items()}
    yield likely
    yield {name: named.get(name) for name in dims}
    for name, own in dims.items():
        if name not in named:
            yield from ({**likely, name: axis} for axis in range(len(own)) if axis != likely[name])


def _by_analysis(analysis: Analysis) -> SampleAxes:
    batches = analysis.batches
    inputs = {name: batches.axes[name].axis if name in batches.axes else None for name in analysis.inputs}
    facts = {name: fact.batch for name, fact in analysis.facts.items()}
    outputs = {name: fact.axis for name, fact in facts.items() if fact.axis is not None}
    apart = all(fact.state == "independent" for fact in facts.values())
    rows = not batches.problem and len(outputs) == len(facts)
    if batches.problem and batches.along:
        # a batch of 1 that the file fixes, say: outputs have it where the inputs do, if anywhere
        axes = set(batches.along.values())
        outputs = dict.fromkeys(facts, axes.pop()) if len(axes) == 1 else {}
    return SampleAxes(inputs, outputs, rows and None not in inputs.values() and (apart or batches.known))


def _named_outputs(dims: Dims, results: Dims, inputs: Inputs) -> Iterator[tuple[str, int]]:
    """Batch axes of outputs, by the name of the inputs' batch; the first one where all inputs have it there."""
    symbols = {
        dims[name][axis] for name, axis in inputs.items() if axis is not None and isinstance(dims[name][axis], str)
    }
    everywhere = set(inputs.values()) <= {0, None}
    for name, own in results.items():
        same = [
            axis
            for axis, dim in enumerate(own)
            if isinstance(dim, str) and dim and (dim in symbols or batch_word(dim) > 1)
        ]
        if len(same) == 1:
            yield name, same[0]
        elif everywhere:
            yield name, 0


def _likely(dims: tuple[int | str, ...]) -> int | None:
    """The first axis where it is open or of length 1, else the first of those, else the first."""
    may = [axis for axis, dim in enumerate(dims) if isinstance(dim, str) or dim == 1]
    return next(iter((*may, *range(len(dims)))), None)
