"""The measurement: samples streamed through the probers, summed, and turned into one ERF per unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rfonnx.effective.data import Sample, Samples, samples
from rfonnx.effective.probing.by_perturbation import PerturbProber
from rfonnx.effective.probing.forward import grouped
from rfonnx.effective.probing.groups import Group, make_groups
from rfonnx.effective.probing.outside import outside_share, supports
from rfonnx.effective.probing.pace import Watch
from rfonnx.effective.settings import Settings
from rfonnx.effective.subject import Subject
from rfonnx.effective.unit import Unit
from rfonnx.errors import DataError
from rfonnx.model.inputs import InputType
from rfonnx.results.array_types import Floats
from rfonnx.results.effective import ERF, Skipped
from rfonnx.results.plain import bound_texts


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all units of a measurement share once it has ended."""

    samples: Samples
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    converged: bool | None
    interrupted: bool


def measure(subject: Subject, units: Sequence[Unit], settings: Settings) -> list[ERF]:
    """Measure units of one tensor.

    Raises:
        DataError: the data cannot be read, or no sample gave a finite map.
        GradientError: with method "gradient": an operator has no gradient.
        ModelError, QueryError, ShapeError: the model cannot be run.
    """
    types = subject.input_types()
    stream = samples(settings.data, types, settings.n, settings.seed, subject.analysis.values)
    groups, notes = make_groups(subject, units, settings, types[units[0].place.input], stream.total)
    skipped: list[Skipped] = []
    done = interrupted = False
    watch = Watch(settings.progress, [group.prober for group in groups], stream.total)
    given = stream.read(_windowed(types, units[0], groups))
    runnings = [running for group in groups for running in group.running]
    try:
        for chunk in grouped(enumerate(given), max(group.prober.batch for group in groups)):
            _add(chunk, groups, units[0], settings, skipped)
            watch.measured(runnings[0].samples + len(skipped), max(running.half_width() for running in runnings))
            done = all(running.converged(settings.tolerance) for running in runnings)
            if done:
                break
    except KeyboardInterrupt:
        if not settings.partial or not runnings[0].samples:
            raise
        interrupted = True
        notes.append(f"interrupted: {runnings[0].samples} of {stream.total or 'the'} samples were measured")
    if not groups[0].running[0].samples and not skipped:
        raise DataError(f"{subject.name}: the data holds no samples", "give at least one")
    if not groups[0].running[0].samples:
        what = f": {skipped[0].sample}: {skipped[0].reason}" if skipped else ""
        raise DataError(
            f"{subject.name}: none of {len(skipped)} samples gave a finite map of '{units[0].tensor}'{what}",
            "check the model's values on such data, or choose another tensor",
        )
    outcome = Outcome(stream, tuple(skipped), tuple(notes), None if settings.tolerance is None else done, interrupted)
    found: dict[int, ERF] = {}
    for group in groups:
        for index, member in enumerate(group.members):
            found[member] = _result(subject, units[member], group, index, settings, outcome)
    return [found[number] for number in range(len(units))]


def _windowed(types: dict[str, InputType], unit: Unit, groups: Sequence[Group]) -> dict[str, InputType]:
    """The types, told which part of the input the groups look at; perturbations also measure the rest of it."""
    place = unit.place
    if any(isinstance(group.prober, PerturbProber) for group in groups):
        return types
    ends = [[group.crop.window[i] for group in groups] for i in range(len(place.axes))]
    window = {
        axis: (min(lo for lo, _ in own), max(hi for _, hi in own)) for axis, own in zip(place.axes, ends, strict=True)
    }
    return {**types, place.input: replace(types[place.input], window=window)}


Numbered = tuple[int, Sample]


def _add(
    chunk: Sequence[Numbered], groups: Sequence[Group], unit: Unit, settings: Settings, skipped: list[Skipped]
) -> None:
    """Measure some samples and count their maps; what is not finite goes to `skipped`."""
    maps = [_maps(group, chunk, unit, settings) for group in groups]
    for index, (_, (name, _)) in enumerate(chunk):
        fault = _fault([rows[:, index] for rows in maps])
        if fault:
            skipped.append(Skipped(name, fault))
            continue
        for group, rows in zip(groups, maps, strict=True):
            for running, values in zip(group.running, rows[:, index], strict=True):
                running.add(values)


def _maps(group: Group, chunk: Sequence[Numbered], unit: Unit, settings: Settings) -> Floats:
    """(units of the group, samples of the chunk, *lengths of the window)."""
    size = group.prober.batch
    found = []
    for first in range(0, len(chunk), size):
        part = chunk[first : first + size]
        feeds = [arrays for _, (_, arrays) in part]
        weights = [channel_weights(unit, settings, number) for number, _ in part]
        # What is not finite is found later, and left out with its sample's name.
        with np.errstate(invalid="ignore", over="ignore"):
            found.append(group.prober.maps(feeds, weights))
    return np.concatenate(found, axis=1)


def channel_weights(unit: Unit, settings: Settings, sample: int) -> np.ndarray:
    """What the unit's summed axes are weighed by: ones, or normal numbers that are drawn anew for every sample."""
    shape = tuple(n for n, p in zip(unit.shape, unit.position, strict=True) if p is None)
    if settings.channel != "random":
        return np.ones(shape, np.float32)
    generator = np.random.default_rng((settings.seed, sample, 1))
    return generator.standard_normal(shape, np.float32)


def _fault(maps: Sequence[Floats]) -> str:
    """Why a sample is left out, or ""."""
    bad = sum(int(np.count_nonzero(~np.isfinite(values))) for values in maps)
    return f"{bad} NaN or infinite values in the map" if bad else ""


def _result(subject: Subject, unit: Unit, group: Group, index: int, settings: Settings, outcome: Outcome) -> ERF:
    running, prober, place = group.running[index], group.prober, unit.place
    values = np.zeros(place.lengths)
    values[tuple(slice(lo, hi + 1) for lo, hi in group.crop.window)] = running.mean()
    notes = list(outcome.notes)
    perturbed = isinstance(prober, PerturbProber)
    if isinstance(prober, PerturbProber) and prober.probe != "difference":
        outside = prober.outside(index, supports(subject.analysis, unit))
        notes += prober.notes()
    else:
        outside = outside_share(subject.analysis, unit, values)
    if running.scale == 0:
        why = "dead or saturated units, or a sum that is constant"
        also = ", or a probe that is no change" if perturbed else ""
        notes.append(f"nothing changes '{unit.tensor}' at this place: {why}{also}")
    if outside:
        wrong = "its field is wrong" if perturbed else "its field or its gradient is wrong"
        notes.append(f"mass outside the theoretical field: please report this model, {wrong}")
    return ERF(
        model=subject.name,
        tensor=unit.tensor,
        position=unit.position,
        channel=str(settings.channel),
        input=place.input,
        axes=place.axes,
        map=values,
        at=place.at,
        center=unit.center,
        field=unit.field,
        unbounded=unit.unbounded,
        scale=running.scale,
        outside=outside,
        samples=running.samples,
        half_width=running.half_width(),
        converged=outcome.converged,
        interrupted=outcome.interrupted,
        skipped=outcome.skipped,
        method="perturb" if perturbed else "gradient",
        probe=prober.probe if isinstance(prober, PerturbProber) else "",
        aggregation=settings.aggregation,
        over=settings.over,
        runs=prober.runs,
        naive_runs=prober.naive_runs,
        window=group.crop.window,
        data=", ".join([outcome.samples.description, *map("".join, bound_texts(subject.analysis.values))]),
        notes=tuple(notes),
    )
