"""The functions that users call, each with the types of what it takes and gives; what does the work is loaded when one is called.

pytest loads this file, through our plugin, in every project that rfonnx is installed beside. It is long by what users read in
help and completion: every option of every function, with its type and its words, in one place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from rfonnx.errors import QueryError
from rfonnx.system.late import Late

if TYPE_CHECKING:
    import numpy as np

    from rfonnx import types
else:
    np, types = Late("numpy"), Late("rfonnx.types")

Made = TypeVar("Made")


def analyze(
    model: types.Source,
    shapes: types.Shapes | None = None,
    weights: Literal["structure", "values"] = "structure",
    values: types.Values | None = None,
    *,
    batch_axes: types.BatchAxes | None = None,
) -> types.Analysis:
    """Find what every tensor of a model can see of its inputs.

    Args:
        model: an ONNX file, its bytes, or a ModelProto. Weights are not read, unless `weights` asks for it.
        shapes: shapes by input name, `{"input": (1, 3, 224, 224)}`, or lengths by symbolic dimension, `{"H": 512}`. A symbolic
            first dimension (the batch) is 1 when it is not given.
        weights: "structure" takes every weight as non-zero; "values" reads them, and a kernel tap that is zero in all
            filters reads nothing.
        values: what small inputs hold, by name: `{"sr": 16000}`. They are constants then, and inputs no more: what depends on
            them alone is worked out, among it which branch of an If is taken.
        batch_axes: which axis of an input counts samples, where `facts` shall not find it by itself: `{"state": 1, "x": None}`;
            None: it has no such axis.

    Raises:
        ModelError: the file is not a model that can be read.
        QueryError: a value is bound that no input takes, or a batch axis given that there is not.
        ShapeError: a dimension is unbound, or a given shape contradicts the file.
    """
    from rfonnx.analysis import analyze as analysis

    return analysis.analyze(model, shapes, weights, values, batch_axes=batch_axes)


def input_sizes(
    model: types.Source,
    shapes: types.Shapes | None = None,
    weights: Literal["structure", "values"] = "structure",
    values: types.Values | None = None,
    *,
    batch_axes: types.BatchAxes | None = None,
) -> tuple[types.InputSizes, ...]:
    """Find the input sizes for which a model is neither wasteful nor blind, by analysing it at several.

    Wasteful: some layer of windows adds no context at any position, along an axis. Blind: no position of the layer with the
    largest field sees from border to border. It is structure alone: no accuracy is measured.

    Args:
        model, shapes, weights, values, batch_axes: as in `analyze`. A length that the file fixes is changed all the same, where
            the network takes others.

    Returns:
        By input and axis that windows slide along. Axes of an input with the same length are changed together, others alone.

    Raises:
        ModelError, QueryError, ShapeError: as `analyze`, at the size that is asked for.
    """
    from rfonnx.analysis import sizes
    from rfonnx.model.opened import with_values

    return sizes.input_sizes(with_values(model, values), shapes, weights, batch_axes)


def gradient(
    model: types.Source,
    inputs: Mapping[str, np.ndarray],
    tensor: str,
    seed: np.ndarray,
    *,
    providers: str | Sequence[str] | None = None,
    values: types.Values | None = None,
) -> dict[str, np.ndarray]:
    """The gradient of `sum(seed * tensor)` with respect to the inputs: an exact vector-Jacobian product.

    The model's graph and its derivative run in one onnxruntime session, which is kept for the next call with the same model,
    tensor and shapes (the last few are).

    Args:
        model: path, bytes or ModelProto.
        inputs: an array per input; their shapes bind the model's.
        tensor: any tensor of the model that holds floating-point numbers.
        seed: of the tensor's shape.
        providers: "cuda", onnxruntime's own names, or a list; None: the CPU.
        values: what small inputs hold, as in `rfonnx.analyze`: `inputs` need not give them.

    Returns:
        Gradient by name of every floating-point input; see `GradientSession.run`.

    Raises:
        GradientError, ModelError, QueryError, ShapeError: see `GradientSession`.
    """
    from rfonnx.gradients import cached

    return cached.gradient(model, inputs, tensor, seed, providers=providers, values=values)


def erf(
    model: types.Source,
    tensor: str | None = None,
    at: types.At = "center",
    channel: types.Channel = "sum",
    data: types.Data | None = None,
    n: int | None = None,
    method: types.MethodChoice = "gradient",
    providers: str | Sequence[str] | None = None,
    *,
    position: Sequence[int | None] | None = None,
    input: str | None = None,
    axes: Sequence[int] | None = None,
    tolerance: float | None = None,
    seed: int = 0,
    probe: types.Probe | None = None,
    block: int | None = None,
    seconds: float = 60.0,
    aggregation: types.Aggregation = "absolute",
    over: types.Over = "sum",
    crop: bool = True,
    batch: int | None = None,
    threads: int | None = None,
    shapes: types.Shapes | None = None,
    values: types.Values | None = None,
    batch_axes: types.BatchAxes | None = None,
    progress: Callable[[types.Progress], None] | None = None,
    partial: bool = False,
) -> types.ERF:
    """Measure what one unit of a model really looks at: its effective receptive field, as a mean over samples.

    Args:
        model: an ONNX file, its bytes, or a ModelProto.
        tensor: the unit's tensor; None: the last one before the first output that has places (the last feature map).
        at: "center", or a pixel of the input, one coordinate per spatial axis. The unit is the one whose theoretical centre is
            nearest to it.
        channel: how the unit's channels are weighed: "sum", one channel by its number, or "random": normal numbers that are
            drawn anew for every sample (for tensors whose channels are normalised).
        data: None: random samples; an array whose axis 0 counts samples, or such arrays by input; the path of a folder, an
            image, a .npy or a .npz; or an iterable of samples, read one by one.
        n: samples at most; None: all of the data, or 32 random ones.
        method: "gradient"; "perturb": forward runs only, for what has no gradient; "auto": the first that works.
        providers: of onnxruntime: "cuda", its own names, or a list; None: the CPU.
        position: index per axis of the tensor instead of `at`; None along axes that are summed.
        others: `input`, `axes`: what the map spans; `aggregation`: "absolute", "positive" or "square"; `over`: "sum" or
            "mean" over the input's other axes; `tolerance`: stop when the 95% interval, summed over positions, is at most this
            share of the mass; `probe`, `block`: what a perturbation does, and the size of its blocks (None: coarse ones first);
            `seconds`: what it takes at most without a block, about; `batch`: samples per run; `seed`; `crop`: whether to run on
            the unit's field only, where that is proven to be the same; `shapes`: as in `rfonnx.analyze`; `values`: the same:
            samples need not hold those inputs; `threads`; `progress`: called with a `Progress` after each batch; `partial`:
            when interrupted, give what was measured before, if there is any.

    Raises:
        DataError: the data cannot be read or does not fit, or no sample gave finite values.
        GradientError: an operator has no gradient rule; `method="perturb"` measures without.
        ModelError: the model cannot be read or run, or its weights are missing.
        QueryError: no such tensor, input, place or position, or the tensor sees nothing of the input.
        ShapeError: a dimension is unbound.
    """
    given = locals()
    if position is not None and not (isinstance(at, str) and at == "center"):
        raise QueryError("a unit is asked for both by its place and by its position", "leave out one of them")
    return _measure(model, tensor, [at], [] if position is None else [position], given)[0]


def erf_many(
    model: types.Source,
    tensor: str | None = None,
    at: Sequence[types.At] = ("center",),
    positions: Sequence[Sequence[int | None]] = (),
    *,
    channel: types.Channel = "sum",
    data: types.Data | None = None,
    n: int | None = None,
    method: types.MethodChoice = "gradient",
    providers: str | Sequence[str] | None = None,
    input: str | None = None,
    axes: Sequence[int] | None = None,
    tolerance: float | None = None,
    seed: int = 0,
    probe: types.Probe | None = None,
    block: int | None = None,
    seconds: float = 60.0,
    aggregation: types.Aggregation = "absolute",
    over: types.Over = "sum",
    crop: bool = True,
    batch: int | None = None,
    threads: int | None = None,
    shapes: types.Shapes | None = None,
    values: types.Values | None = None,
    batch_axes: types.BatchAxes | None = None,
    progress: Callable[[types.Progress], None] | None = None,
    partial: bool = False,
) -> list[types.ERF]:
    """Measure several units of one tensor on the same samples, over one shared forward run.

    Args:
        model, tensor: as in `erf`.
        at: places, each as in `erf`.
        positions: positions of the tensor, instead of `at`.
        others: as in `erf`.

    Returns:
        One ERF per place or position, in their order.

    Raises:
        RfonnxError: as in `erf`.
    """
    return _measure(model, tensor, at, positions, locals())


def erf_layers(
    model: types.Source,
    at: types.At = "center",
    tensors: Sequence[str] | None = None,
    *,
    channel: types.Channel = "sum",
    data: types.Data | None = None,
    n: int | None = None,
    method: types.MethodChoice = "gradient",
    providers: str | Sequence[str] | None = None,
    input: str | None = None,
    axes: Sequence[int] | None = None,
    tolerance: float | None = None,
    seed: int = 0,
    probe: types.Probe | None = None,
    block: int | None = None,
    seconds: float = 60.0,
    aggregation: types.Aggregation = "absolute",
    over: types.Over = "sum",
    crop: bool = True,
    batch: int | None = None,
    threads: int | None = None,
    shapes: types.Shapes | None = None,
    values: types.Values | None = None,
    batch_axes: types.BatchAxes | None = None,
    progress: Callable[[types.Progress], None] | None = None,
    partial: bool = False,
) -> Iterator[types.Layer]:
    """Measure every layer of a model at its unit nearest to a place; one after the other, as they are asked for.

    Args:
        model, at: as in `erf`.
        tensors: the layers; None: those where the theoretical field grows, the ends of blocks where units see the whole
            input and it cannot, and the last one.
        others: as in `erf`.

    Raises:
        RfonnxError: as in `erf`; what fails for one layer alone is told in its `problem`.
    """
    given = locals()
    from rfonnx.effective.depth import measure_layers
    from rfonnx.effective.settings import Settings

    return measure_layers(model, at, tensors, _settings(Settings, given))


def _measure(
    model: types.Source,
    tensor: str | None,
    at: Sequence[types.At],
    positions: Sequence[Sequence[int | None]],
    given: Mapping[str, Any],
) -> list[types.ERF]:
    from rfonnx.effective.measure import measure
    from rfonnx.effective.settings import Settings
    from rfonnx.effective.subject import choose_units, open_subject

    settings = _settings(Settings, given)
    subject = open_subject(model, settings)
    return measure(subject, choose_units(subject, tensor, at, positions, settings), settings)


def compare(
    teacher: types.Source,
    student: types.Source,
    data: str | os.PathLike[str] | None = None,
    *,
    teacher_prep: types.Prep | None = None,
    student_prep: types.Prep | None = None,
    samples: int | None = None,
    seed: int = 0,
    batch: int = 8,
    shapes: types.Shapes | None = None,
    values: types.Values | None = None,
    batch_axes: types.BatchAxes | None = None,
    student_shapes: types.Shapes | None = None,
    outputs: Mapping[str, str] | None = None,
    inputs: Mapping[str, str] | None = None,
    kind: types.Kind | Literal["auto"] = "auto",
    task: str = "auto",
    tasks: Mapping[str, str] | None = None,
    class_axis: int | None = None,
    temperature: float = 1.0,
    limits: Mapping[str, float | None] | None = None,
    tolerances: Mapping[str, tuple[float, float]] | None = None,
    output_limits: Mapping[str, Mapping[str, float | None]] | None = None,
    layers: bool = False,
    layer_limit: float | None = None,
    fields: bool = True,
    effective: bool = True,
    cost: bool = True,
    latency_runs: int = 20,
    on_error: types.OnError = "fail",
    threads: int | None = None,
    provider: str | Sequence[str] | None = None,
    teacher_provider: str | Sequence[str] | None = None,
    student_provider: str | Sequence[str] | None = None,
    save_outputs: str | os.PathLike[str] | None = None,
    before: types.Hook | None = None,
    pictures: bool = False,
) -> types.Comparison:
    """Hold a student (distilled, pruned, quantised, exported anew) against the teacher it shall replace.

    Both run under onnxruntime over the same samples, in batches; memory does not grow with the number of samples.

    Args:
        teacher, student: ONNX files, their bytes, or ModelProtos.
        data: a folder of images or arrays, or one .npy, .npz or image file; None draws seeded random samples.
        teacher_prep, student_prep: how images become inputs, a `Preparation` or its fields: {"size": 256, "mean": (0.5,)}.
        others: the fields of `rfonnx.comparing.settings.Settings`, which says what each means; their defaults are
            those of the command line. Samples: samples, seed, batch, batch_axes, on_error. Inputs: shapes,
            student_shapes, values, inputs. What is compared: outputs, before, kind, task, tasks, class_axis,
            temperature. What is good enough: limits, output_limits, tolerances. What else: layers, layer_limit, fields,
            effective, cost, latency_runs, pictures, save_outputs. How: threads, provider, teacher_provider,
            student_provider.

    Returns:
        The comparison. When it ended early `incomplete` says why, and what was finished is there.

    Raises:
        ModelError, ShapeError: a model cannot be read or run.
        DataError: the data cannot be read, or does not fit.
        QueryError: inputs or outputs do not match.
    """
    given = locals()
    from rfonnx.comparing.options import preparation
    from rfonnx.comparing.run import compare_models
    from rfonnx.comparing.settings import Settings

    for role, prep in (("teacher", teacher_prep), ("student", student_prep)):
        given[role] = preparation(f"{role}_prep", prep) if isinstance(prep, Mapping) else prep
    return compare_models(teacher, student, _settings(Settings, given))


def check(
    model: str | os.PathLike[str],
    rules: types.Rules | Iterable[str] | None = None,
    *,
    against: str | os.PathLike[str] | None = None,
    shapes: types.Shapes | None = None,
    values: types.Values | None = None,
    batch_axes: types.BatchAxes | None = None,
    settings: types.Settings | None = None,
) -> types.CheckResult:
    """Hold a model against rules.

    Args:
        model: an ONNX file.
        rules: by id or name, as in the table [check.rules]: `{"causal": True, "field-minimum": {"min": 64, "tensor":
            "mask"}}`, or words as after `--rule`: `["causal", "field-minimum=64", "field-minimum.tensor=mask"]`, and then no
            others run. None: the rules that need no values.
        against: the teacher, for the rules that compare.
        shapes: as for `rfonnx.analyze`.
        values: the same: what small inputs hold, `{"sr": 16000}`; samples need not give them.
        batch_axes: the same: which axis of an input counts samples, `{"state": 1, "x": None}`, where that is not to be found.
        settings: samples, preparation and limits of runs and comparisons (`rfonnx.comparing.settings.Settings`).

    Returns:
        The findings. A model that does not run, or that fails on a sample, is among them.

    Raises:
        ModelError, ShapeError: the model cannot be read.
        DataError, QueryError: a rule, a value, a tensor or the data means nothing.
    """
    from dataclasses import replace

    from rfonnx.checking.run import check_model
    from rfonnx.checking.selection import choose
    from rfonnx.checking.subject import Against, Subject
    from rfonnx.comparing.settings import Settings

    table = rules if isinstance(rules, Mapping) else {}
    words = rules if rules is not None and not isinstance(rules, Mapping) else ()
    chosen = choose(table, words, "rules", against is not None)
    asked = settings or Settings(cost=False)
    asked = replace(
        asked, values={**asked.values, **(values or {})}, batch_axes={**asked.batch_axes, **(batch_axes or {})}
    )
    checked = check_model(Subject(model, shapes, Against(against, asked)), chosen)
    if checked.error is not None:
        raise checked.error
    return checked.result


def tile(
    model: types.Source,
    shapes: types.Shapes | None = None,
    tile: Sequence[int] | Mapping[tuple[str, int], int] | None = None,
    memory: int | None = None,
    *,
    size: Sequence[int] | None = None,
    values: types.Values | None = None,
    stages: bool = False,
) -> types.TilePlan:
    """Plan how to run a model on tiles of its input so that together they are what the whole would be.

    Args:
        model: an ONNX file, its bytes, or a ModelProto. Where the file fixes the size of an input and the network does not, other
            sizes are planned too.
        shapes: of the whole, as in `rfonnx.analyze`; None: the grid, the halo and the verdict, and no tiles.
        tile: longest crop, halo included, along each axis that windows slide along (rows, columns), or by (input, axis).
        memory: bytes that a run may take; the largest tiles that stay within it are found by measuring, once there is a size.
        size: of the whole along these axes, instead of `shapes`.
        values: as in `rfonnx.analyze`.
        stages: gather figures over all of the input (means, norms, gates) in passes of their own, where the model takes such.

    Raises:
        ModelError: the file is not a model that can be read.
        QueryError: a tile has no room for what is kept of it, or was asked for along an axis that cannot be tiled; or both `tile`
            and `memory` are given.
        ShapeError: the model does not take these shapes.
    """
    from rfonnx.model.opened import with_values
    from rfonnx.tiling.tile_plan import tile_plan

    return tile_plan(with_values(model, values), shapes, tile, size, stages, memory)


def stream(
    model: types.Source,
    input: str | Sequence[str] | Mapping[str, int] | None = None,
    axis: int | None = None,
    chunk: int | None = None,
    *,
    outputs: Sequence[str] | None = None,
    shapes: types.Shapes | None = None,
    values: types.Values | None = None,
    cache: int | None = None,
    start: Literal["exact", "steady"] = "exact",
    pack: bool = False,
    after: str | None = None,
    metadata: Literal["", "sherpa"] = "",
    flat: bool = False,
    statistics: Sequence[str] | str = (),
) -> types.StreamPlan:
    """Rewrite a model so that it takes an input chunk by chunk, and makes exactly what it makes of the whole.

    Args:
        model: an ONNX file, its bytes, or a ModelProto, with its weights.
        input: the input that is streamed; None: the only one. Several names, or a mapping to their axes: inputs of one rate
            are streamed together.
        axis: of the frames, where `input` does not say it; None: the one behind the first whose length the file leaves open,
            the last where that is not one axis.
        chunk: frames at a time, a multiple of the plan's unit; None: one unit.
        outputs: tensors that the stream gives; None: the model's outputs.
        shapes: as in `rfonnx.analyze`; axes that are open beside the streamed one are 1 unless given here.
        values: as in `rfonnx.analyze`.
        cache: keys that a query sees, its own among them, of attention that lets it see all before: another model, which is
            the given one only as long as there are no more frames.
        start: "steady": where frames are mirrored at the start (padding by reflection), the first one is repeated, so that
            nothing waits for them: another model, which is the given one from the frame on that the manifest says.
        pack: all states of a type in one tensor, for hosts that are written by hand.
        after: a tensor: what is made of it is streamed, it is the input, and `axis` its own; leave out `input`.
        metadata: "sherpa": `metadata_props` say the frames of a run under the names of icefall and sherpa-onnx, too.
        statistics: what is taken of all frames, and becomes an input, which the host gives: nodes or tensors, or "all". The
            stream is the given model for the statistics that this would take itself; see `StreamPlan.measure`.
        flat: no If, for runtimes that have none: masks at the ends are worked out for chunks in the middle, too.

    Raises:
        ModelError: the file is not a model that can be read, or weights are missing.
        QueryError: there is no such input, axis or tensor, or the chunk is no multiple of the unit; there is nothing to bound.
        RfonnxError: a node cannot be streamed exactly, or there is no rule for it; it is named, with the reason.
        ShapeError: a shape does not fit the file.
    """
    from rfonnx.model.opened import with_values
    from rfonnx.streaming.planning import stream_plan
    from rfonnx.streaming.sherpa import sherpa

    asked = [statistics] if isinstance(statistics, str) else statistics
    plan = stream_plan(
        with_values(model, values), input, axis, chunk, outputs, shapes, cache, start, after, flat, asked
    )
    plan = plan.packed() if pack else plan
    return plan.with_metadata(sherpa(plan.manifest)) if metadata else plan


def whatif(
    model: types.Source,
    changes: types.Changes | None = None,
    *,
    variants: Mapping[str, types.Changes] | None = None,
    tensors: Sequence[str] = (),
    size: int | Sequence[int] | None = None,
    coverage: float | None = None,
    by: Sequence[types.ChangeKind] = ("dilation", "kernel", "stride"),
    most: int = 2,
    shapes: types.Shapes | None = None,
    values: types.Values | None = None,
) -> types.WhatIf:
    """What changes to a model would do to its fields and its cost. Nothing is trained, and the model stays as it is.

    Args:
        model: an ONNX file, its bytes, or a ModelProto. Weights are not read.
        changes: one variant, by node, or by a tensor that it makes: `{"conv5": {"kernel": 5, "dilation": 2}, "relu3": None}`.
            kernel, stride, dilation, pads: a number for all axes, or one for each. None: the node is dropped. Where pads are
            not said, padding follows kernel and dilation, so that lengths stay what they are (docs/whatif.md).
        variants: several such, by name.
        tensors: whose fields are looked at; (): the outputs, and of a classifier the last feature map.
        size: length of the axes that windows slide along, one for all or one for each, whatever the file says.
        coverage: search for the fewest changes with which the middle position of each of `tensors` sees this share of the input,
            along every axis.
        by: what the search may change: a dilation becomes 2, 4 or 8 times as large, a kernel longer by 2, a stride 1.
        most: changes at a time, at most 3.
        shapes, values: as in `rfonnx.analyze`.

    Raises:
        DataError: the coverage is no share, or `by` or `most` mean nothing.
        ModelError: the file is not a model that can be read.
        QueryError: there is no such node, or it cannot be changed so.
        ShapeError: shapes contradict each other after a change: the node is named, and the change that is needed beside it, if
            one was found.
    """
    from rfonnx.comparing.variants.search import Search
    from rfonnx.comparing.variants.whatif import what_if
    from rfonnx.model.opened import with_values

    asked = {**({"changed": changes} if changes else {}), **(variants or {})}
    lengths = (size,) if isinstance(size, int) else size
    search = None if coverage is None else Search(coverage, tuple(by), most)
    return what_if(with_values(model, values), shapes, lengths, asked, tensors, search)


def _settings(kind: Callable[..., Made], given: Mapping[str, Any]) -> Made:
    """Settings from the arguments of a function that bear the names of its fields; a table that is None was not given.

    tests/test_doors.py holds names, types and defaults of the arguments to those of the fields.
    """
    from dataclasses import MISSING, fields

    found = [field for field in fields(kind) if field.name in given]  # type: ignore[arg-type]  # a dataclass
    tables = {field.name for field in found if field.default_factory is not MISSING}
    return kind(**{f.name: given[f.name] for f in found if not (f.name in tables and given[f.name] is None)})
