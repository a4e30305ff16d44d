"""A pytest plugin and its assertions: receptive fields, agreement and rules as tests.

    def test_the_student():
        assert_agrees("teacher.onnx", "student.onnx", data="samples/")
        assert_field("student.onnx", "features", min=29)

The fixtures `rfonnx_analyze`, `rfonnx_compare` and `rfonnx_check` do the same as the functions of those names, once per
session and arguments. Nothing heavy is imported before one of them is used: pytest loads this file wherever rfonnx is
installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache, partial
from typing import TYPE_CHECKING, Literal

import pytest

import rfonnx
from rfonnx.system.late import Late

if TYPE_CHECKING:
    from rfonnx import types
else:
    types = Late("rfonnx.types")

Path = str | os.PathLike[str]


def assert_field(
    model: Path | types.Analysis,
    tensor: str | None = None,
    *,
    axis: int | None = None,
    input: str | None = None,
    size: int | None = None,
    min: int | None = None,  # noqa: A002  the words that a test wants to read
    max: int | None = None,  # noqa: A002
    stride: float | Fraction | None = None,
    start: int | None = None,
    kind: str | None = None,
    exact: bool | None = None,
    shapes: types.Shapes | None = None,
) -> None:
    """Assert what a tensor sees.

    Args:
        model: an ONNX file, or an analysis of one.
        tensor: the tensor; the first output when left out.
        axis, input: of the input; every axis that windows slide along, of every input, when left out.
        size, stride, start, kind: what `AxisField` must hold.
        min, max: bounds of the size: `min` of the smallest, `max` of the largest over the positions.
        exact: whether the field must be known exactly.
        shapes: as for `rfonnx.analyze`.

    Raises:
        AssertionError: it is otherwise; the message holds every axis that is.
        RfonnxError: there is no such tensor or axis.
    """
    __tracebackhide__ = True
    from rfonnx.results.naming import tensor_called

    found = rfonnx.analyze(model, shapes) if isinstance(model, str | os.PathLike) else model
    name = tensor_called(found.tensors, tensor) if tensor is not None else found.outputs[0]
    if name not in found.tensors:
        raise rfonnx.QueryError(f"no tensor '{name}' is computed from an input", "`Analysis.tensors` lists them all")
    field = found.tensors[name]
    wanted = {"size": size, "stride": stride, "start": start, "kind": kind}
    wrong = [
        f"{pair[0]} axis {pair[1]}: {what}"
        for pair in _asked(found, field, input, axis)
        for what in _differs(field.fields[pair], wanted, min, max)
    ]
    if min is not None and not field.exact:
        wrong.append(f"its field is only known as at most this ({'; '.join(field.notes)}), which promises no minimum")
    elif exact is not None and field.exact != exact:
        wrong.append(f"its field is {'exact' if field.exact else 'not exact'}: {'; '.join(field.notes)}")
    assert not wrong, f"receptive field of '{name}':\n  " + "\n  ".join(wrong)


def _asked(
    found: types.Analysis, field: types.TensorField, input: str | None, axis: int | None
) -> list[tuple[str, int]]:
    """The (input, axis) pairs that are meant."""
    along = [pair for pair in field.fields if (pair in found.windowed if axis is None else pair[1] == axis)]
    asked = [pair for pair in along if input in (None, pair[0])]
    if not asked:
        told = f"tensor '{field.name}' has no field along input {input or '(any)'}, axis {axis}"
        raise rfonnx.QueryError(told, "see rfonnx report")
    return asked


def _differs(
    field: types.AxisField, wanted: Mapping[str, object], least: int | None, most: int | None
) -> Iterator[str]:
    for what, value in wanted.items():
        if value is not None and getattr(field, what) != value:
            yield f"{what} is {getattr(field, what)}, expected {value}"
    if least is not None and field.size_min < least:
        yield f"sees {field.size_min} positions, expected at least {least}"
    if most is not None and field.size > most:
        yield f"sees {field.size} positions, expected at most {most}"


def assert_agrees(
    teacher: Path,
    student: Path,
    data: Path | None = None,
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
    cost: bool = False,
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
    """Assert that a student may replace its teacher: every verdict of `rfonnx.compare` holds.

    Args:
        others: as for `rfonnx.compare`, but that costs are not measured unless `cost` asks for it.

    Returns:
        The comparison.

    Raises:
        AssertionError: a limit is missed; the message holds every one that is.
        RfonnxError: the models or the data cannot be compared.
    """
    given = locals()
    __tracebackhide__ = True
    found = rfonnx.compare(**given)
    wrong = [
        f"{verdict.subject}: {verdict.reason}" + (f" ({verdict.where})" if verdict.where else "")
        for verdict in found.verdicts
        if not verdict.passed
    ]
    if found.incomplete:
        wrong.append(f"ended early after {found.samples.count} samples: {found.incomplete}")
    assert found.passed, f"'{student}' does not agree with '{teacher}', judged as {found.kind}:\n  " + "\n  ".join(
        wrong
    )
    return found


def assert_rules(
    model: Path,
    rules: types.Rules | Iterable[str] | None = None,
    *,
    against: Path | None = None,
    shapes: types.Shapes | None = None,
    values: types.Values | None = None,
    batch_axes: types.BatchAxes | None = None,
    settings: types.Settings | None = None,
) -> types.CheckResult:
    """Assert that a model holds rules: no finding of severity error of `rfonnx.check`, and no rule left untried.

    A rule that the caller named and that has nothing to look at in this model was not held: the assertion fails, where
    `rfonnx check` counts the rule as skipped. Name no rule that does not apply.

    Args:
        others: as for `rfonnx.check`.

    Raises:
        AssertionError: a rule is broken, was not tried, or was named and skipped; the message holds every finding.
        RfonnxError: the model cannot be read, or a rule means nothing.
    """
    given = locals()
    __tracebackhide__ = True
    from rfonnx.report.check.counts import full_message

    found = rfonnx.check(**given)
    wrong = [f"{f.rule} {f.name}: {f.tensor + ': ' if f.tensor else ''}{full_message(f)}" for f in found.failed()]
    wrong += [
        f"{f.rule} {f.name}: not checked, {f.message}"
        for f in found.findings
        if f.status == "skip" and f.rule in found.named
    ]
    assert not wrong, f"'{model}' breaks rules:\n  " + "\n  ".join(wrong)
    assert found.checked(), f"'{model}' was held against no rule"
    return found


def assert_tiles(
    model: Path | types.TilePlan,
    *,
    halo: int | None = None,
    grid: int | None = None,
    shapes: types.Shapes | None = None,
    size: Sequence[int] | None = None,
    tile: Sequence[int] | None = None,
    values: types.Values | None = None,
    verify: bool = True,
    seed: int = 0,
    threads: int | None = None,
) -> types.TilePlan:
    """Assert that tiles of a model are exactly what the whole is: proven from the file, and held against it by running both.

    Args:
        model: an ONNX file, or a plan of `rfonnx.tile`.
        halo, grid: the largest that are allowed, in positions of the input; None: any.
        shapes, size, tile, values: as for `rfonnx.tile`.
        verify: run the whole and the tiles, too; see `TilePlan.verify`.
        seed, threads: of these runs.

    Returns:
        The plan.

    Raises:
        AssertionError: it is otherwise; the message says why.
        RfonnxError: the model cannot be read or run.
    """
    __tracebackhide__ = True
    if isinstance(model, str | os.PathLike):
        plan = rfonnx.tile(model, shapes, tile, size=size, values=values)
    else:
        plan = model
    wrong = [*plan.reasons, *_not_as_planned(plan, halo, grid)]
    if verify and not wrong:
        found = plan.verify(seed=seed, threads=threads)
        wrong += [] if found.passed else [*found.reasons, *(_untrue(one) for one in found.sizes if not one.passed)]
    assert not wrong, f"tiles of '{plan.name}' are not what they should be:\n  " + "\n  ".join(wrong)
    return plan


def _not_as_planned(plan: types.TilePlan, halo: int | None, grid: int | None) -> Iterator[str]:
    for (name, axis), reason in plan.whole.items() if plan.exact else ():
        yield f"{name} axis {axis} is not tiled: {reason}"
    for (name, axis), (before, after) in plan.halo.items():
        if halo is not None and max(before, after) > halo:
            yield f"{name} axis {axis}: a halo of {before} before and {after} after, expected at most {halo}"
        if grid is not None and plan.grid[name, axis] > grid:
            yield f"{name} axis {axis}: a grid of {plan.grid[name, axis]}, expected at most {grid}"


def _untrue(size: types.SizeCheck) -> str:
    off = max((one.share for one in size.off.values()), default=0.0)
    told = size.skipped or f"off by {off:.2g} of the largest value, and {len(size.leaks)} tiles see outside their crops"
    return f"at {dict(size.shapes)}: {told}"


@pytest.fixture(scope="session")
def rfonnx_analyze() -> Callable[..., types.Analysis]:
    """`rfonnx.analyze`, once per session and arguments, which must be hashable."""
    return cache(rfonnx.analyze)


@pytest.fixture(scope="session")
def rfonnx_compare() -> Callable[..., types.Comparison]:
    """`rfonnx.compare`, once per session and arguments, which must be hashable; without costs unless `cost` asks for them."""
    return cache(partial(rfonnx.compare, cost=False))


@pytest.fixture(scope="session")
def rfonnx_check() -> Callable[..., types.CheckResult]:
    """`rfonnx.check`, once per session and arguments, which must be hashable."""
    return cache(rfonnx.check)
