"""Which outputs, inputs and axes a rule is asked about: those that are named, else those that the model itself tells.

What is asked for and cannot be told is no pass: it is returned as a failure, which lists the candidates.
"""

from __future__ import annotations

from collections.abc import Iterable

from rfonnx.analysis.derive.time_axis import Candidates
from rfonnx.checking.rule_table import NotApplicableError, Says, Values
from rfonnx.checking.subject import Subject
from rfonnx.errors import QueryError
from rfonnx.results.findings import Parameter
from rfonnx.results.naming import tensor_called
from rfonnx.results.ranges import AXIS

INPUT_AND_AXIS = {
    "input": Parameter("str", "the input; every input when left out", named=True),
    "axis": Parameter(
        "int",
        "the input's axis; when left out, every axis that windows slide along, or that is time",
        named=True,
        within=AXIS,
    ),
}
TENSOR = {
    "tensor": Parameter("str", "the output, or another tensor; every output when left out"),
    "output": Parameter("str", "the same as `tensor`"),
}

Pair = tuple[str, int]
"""An input, and one of its axes."""


def chosen_outputs(subject: Subject, values: Values) -> list[str]:
    """The tensors that are named as `output` or `tensor`, else every output.

    Raises:
        QueryError: there is no such tensor, or both names are given and differ.
        NotApplicableError: the model has no outputs.
    """
    analysis = subject.analysis
    words = (values.get("output"), values.get("tensor"))
    given = {tensor_called(analysis.tensors, name) if name not in analysis.outputs else name for name in words if name}
    if len(given) > 1:
        raise QueryError(f"{subject.path}: `output` and `tensor` name two tensors", "they mean the same: give one")
    for name in given:
        if name not in analysis.tensors and name not in analysis.outputs:
            raise QueryError(
                f"{subject.path}: no tensor '{name}' is computed from an input", "rfonnx report names them"
            )
    if not given and not analysis.outputs:
        raise NotApplicableError("the model has no outputs")
    return sorted(given) or list(dict.fromkeys(analysis.outputs))


def time_axes(subject: Subject, values: Values) -> tuple[list[Pair], list[Says]]:
    """Where time runs: axes that are known, and a failure for each input of which that cannot be told.

    Raises:
        QueryError: a named input or axis does not exist.
        NotApplicableError: no input has an axis along which anything could run.
    """
    time = subject.analysis.time
    named = _named(subject, values)
    if named is not None:
        return named, []
    candidates = dict(time.axes.candidates)
    asked = [values["input"]] if values["input"] else _inputs(subject)
    if values["input"] or not candidates:
        for name in asked:
            if name not in candidates:
                candidates[name] = Candidates(_running(subject, name), "outputs run along it")
    else:
        known = [(name, one.axes[0]) for name, one in candidates.items() if len(one.axes) == 1]
        for name in asked:
            if name not in candidates and (alike := _alike(subject, name, known)):
                candidates[name] = Candidates(alike, "it is as long as time")
    pairs, failures = [], []
    for name in asked:
        axes = candidates[name].axes if name in candidates else ()
        if name in candidates and (rivals := set(candidates[name].rivals)):
            # Layers may go through frequency, in a net that runs along frequency and time.
            axes = tuple(sorted({*axes, *(rivals & set(_running(subject, name)))}))
        if len(axes) == 1:
            pairs.append((name, axes[0]))
        elif name in candidates:
            failures.append(not_one(subject, name, axes, "time"))
    return pairs, failures


def space_axes(subject: Subject, values: Values) -> tuple[list[Pair], list[str]]:
    """Where positions run: every axis that windows slide along, or that is known to be time; and the inputs of which nothing
    tells, where the rule is asked about them or nothing tells of any.

    Raises:
        QueryError, NotApplicableError: as `time_axes`.
    """
    analysis = subject.analysis
    named = _named(subject, values)
    if named is not None:
        return named, []
    asked = [values["input"]] if values["input"] else _inputs(subject)
    found: list[Pair] = []
    for name in asked:
        known = {axis for other, axis in analysis.windowed if other == name}
        known |= set(analysis.time.axes.candidates[name].axes if name in analysis.time.axes.candidates else ())
        found += [(name, axis) for axis in sorted(known)]
    without = [name for name in asked if name not in {other for other, _ in found}]
    # Beside inputs along which positions run, one of features is none that the rule speaks of.
    return found, without if values["input"] or not found else []


def _named(subject: Subject, values: Values) -> list[Pair] | None:
    """The axis that is named, of the input that is named or of every one that has it; None when no axis is named."""
    shapes, input, axis = subject.analysis.input_shapes, values["input"], values["axis"]
    if input is not None and input not in shapes:
        raise QueryError(f"{subject.path}: there is no input '{input}'", f"there are {', '.join(shapes)}")
    if axis is None:
        return None
    states = subject.analysis.time.axes.states
    ranks = {
        name: len(shape or ()) for name, shape in shapes.items() if name == input or (not input and name not in states)
    }
    found = [(name, axis % rank) for name, rank in ranks.items() if -rank <= axis < rank]
    if not found:
        whose = f"input '{input}'" if input else "no input"
        raise QueryError(
            f"{subject.path}: {whose} has {'no' if input else 'an'} axis {axis}", "rfonnx report shows the axes"
        )
    return found


def _inputs(subject: Subject) -> list[str]:
    """Inputs along which something could run: no states, and none without axes."""
    time = subject.analysis.time
    found = [name for name in subject.analysis.inputs if name not in time.axes.states and time.axes.lengths(name)]
    if not found:
        raise NotApplicableError("no input has an axis with more than one position")
    return found


def _running(subject: Subject, input: str) -> tuple[int, ...]:
    """Axes that an output runs along while it sees more than one position of them."""
    analysis = subject.analysis
    tensors = [analysis.tensors[name] for name in analysis.outputs if name in analysis.tensors]
    return tuple(
        axis
        for axis in analysis.time.axes.lengths(input)
        if any(
            tensor.fields[input, axis].size > 1 and analysis.time.walks.of(tensor.name, input, axis)
            for tensor in tensors
        )
    )


def _alike(subject: Subject, input: str, known: Iterable[Pair]) -> tuple[int, ...]:
    """Axes of an input that are as long as the time axis of another: by the dimension's name, or its fixed length."""
    declared = subject.graph.declared
    times = {declared.get(name, ())[axis] for name, axis in known if axis < len(declared.get(name, ()))} - {""}
    return tuple(axis for axis, dim in enumerate(declared.get(input, ())) if dim in times and dim != 1)


def not_one(
    subject: Subject, input: str, axes: tuple[int, ...] = (), what: str = "one that positions run along"
) -> Says:
    """The failure of a rule that does not know which axis is meant; `axes`: those that may be."""
    others = axes or tuple(subject.analysis.time.axes.lengths(input))
    listed = ", ".join(map(str, others)) or "none"
    told = f"several axes of {input} may be {what}" if axes else f"no axis of {input} is known to be {what}"
    return Says(f"{told} (candidates: {listed}): name `input` and `axis`", input)
