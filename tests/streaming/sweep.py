"""Every operator along every axis, streamed right or refused: `python -P tests/streaming/sweep.py FIRST LAST [LOG]`.

The nodes are those of the tables of gradients and of shapes, and ONNX's own node tests: about 15,000 cases. Each axis of each
input is taken for time, and those of the first one together with inputs that are as long along the same axis. A line for each
that is neither right nor refused with a way out; counts at the end. With a log it goes on where it was stopped.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import onnx

import rfonnx
from rfonnx.graph.tensors import DTYPES
from rfonnx.model.opened import Opened
from rfonnx.streaming.cancelling import conditions
from rfonnx.streaming.looking import looked_at
from rfonnx.streaming.offline import drawn_others, hold, level_of, within
from rfonnx.streaming.planning import stream_plan
from rfonnx.streaming.stream_plan import StreamPlan, planned
from rfonnx.streaming.structure import of_twins, structure
from rfonnx.streaming.wanted_part import open_source
from streaming.logged import Judged, judge_all

FINE = ("right", "late", "refused", "not run")


Given = Mapping[str, np.ndarray]
"""Values of inputs by name."""


def table_models() -> Iterator[tuple[str, onnx.ModelProto, Given]]:
    """A node each: of the tests of gradients, and of those of shapes."""
    from gradient.table import TABLE
    from graph.test_shape_rules import CASES as SHAPES
    from graph.test_shape_rules import build

    for case in TABLE:
        yield f"gradient {case}", case.model(np.float32), {}
    for title, shaped in SHAPES.items():
        yield f"shapes {title}", build(shaped)[0], {}


def onnx_models() -> Iterator[tuple[str, onnx.ModelProto, Given]]:
    """ONNX's own tests of nodes, and what they give them."""
    from onnx.backend.test.case.node import collect_testcases

    for case in collect_testcases(""):
        if case.model is not None:
            names = [entry.name for entry in case.model.graph.input]
            values = dict(zip(names, case.data_sets[0][0], strict=False))
            arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
            yield f"onnx {case.name}", case.model, arrays


def asked(model: onnx.ModelProto) -> list[dict[str, int]]:
    """What can be taken for time: by input that is streamed, its axis."""
    stored = {tensor.name for tensor in model.graph.initializer}
    shapes = {
        entry.name: [dim.dim_value for dim in entry.type.tensor_type.shape.dim]
        for entry in model.graph.input
        if entry.name not in stored and DTYPES.get(entry.type.tensor_type.elem_type)
    }
    if not shapes:
        return []
    shape = next(iter(shapes.values()))
    found = [{name: axis} for name, own in shapes.items() for axis in range(len(own))]
    for axis, length in enumerate(shape):
        together = {
            name: len(own) - (len(shape) - axis)
            for name, own in shapes.items()
            if len(own) >= len(shape) - axis and own[axis - len(shape)] == length
        }
        if len(together) > 1:
            found.append(together)
    return found


def stored(model: onnx.ModelProto, streamed: Mapping[str, int], given: Given) -> onnx.ModelProto | None:
    """With all but what is streamed as constants: shapes and scales are inputs in ONNX's tests. None: there is nothing else."""
    beside = {name: value for name, value in given.items() if name not in streamed}
    if not beside or len(beside) + len(streamed) < len(model.graph.input):
        return None
    made = onnx.ModelProto()
    made.CopyFrom(model)
    del made.graph.input[:]
    made.graph.input.extend(entry for entry in model.graph.input if entry.name in streamed)
    made.graph.initializer.extend(onnx.numpy_helper.from_array(value, name) for name, value in beside.items())
    return made


def freed(model: onnx.ModelProto, streamed: dict[str, int]) -> onnx.ModelProto:
    """With an open number of frames: what is fixed is first tried in a process of its own, which takes a second."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    for entry in made.graph.input:
        if entry.name in streamed:
            entry.type.tensor_type.shape.dim[streamed[entry.name]].dim_param = "frames"
    for entry in made.graph.output:
        if entry.type.tensor_type.elem_type:
            entry.type.tensor_type.ClearField("shape")
        else:  # its type is left to inference
            entry.ClearField("type")
    return made


def planned_at(model: onnx.ModelProto, streamed: dict[str, int]) -> StreamPlan:
    """A plan of a file that is looked at with the one length that it has."""
    source = open_source(Opened(model), streamed, 0)
    seen, layout = looked_at(source, [source.length])
    return planned(seen, layout, layout.unit, flat=False)


def judged(model: onnx.ModelProto, streamed: dict[str, int]) -> Judged:
    """What became of it: "right", "late", "refused", "no way out", "not run", "wrong", "crash"; and what there is to say.

    What is refused with an open length is tried at that of the file.
    """
    kind, said = tried(lambda: stream_plan(Opened(freed(model, streamed)), streamed, 0, None))
    if kind == "refused":
        at, why = tried(lambda: planned_at(model, streamed))
        return (kind, said) if at == "refused" else (at, f"at its length: {why}")
    return kind, said


def tried(plans: Callable[[], StreamPlan]) -> Judged:
    """The same of one plan."""
    try:
        plan = plans()
        graph, shapes = plan.source.graph, plan.source.shapes
        given = {name: (shapes[name], graph.dtypes[name]) for name in plan.manifest.given}
        stream = rfonnx.Stream(plan.model, others=drawn_others(given, 0), level=level_of(plan.model))
        offline = plan.source.offline
        found = hold(within(offline), stream, "stream", sums=conditions(offline, plan.manifest.finals))
        pairs = of_twins(plan.twins, plan.manifest)
        seen = structure(plan.source.ready, plan.source.shapes, plan.model, plan.manifest, pairs)
    except rfonnx.RfonnxError as error:
        return ("refused" if error.hint else "no way out"), str(error)
    except Exception as error:  # whatever it is, it is counted
        return "crash", repr(error)[:300]
    if all(run.skipped for run in found.runs):
        return "not run", found.runs[0].skipped
    if not found.passed or seen.differences:
        missing = next((run.missing for run in found.runs if run.missing), "")
        return "wrong", f"{found.worst:.1e} {missing} {seen.differences[:1]}"
    late = any(one.least is not None and one.delay + one.held != one.least for one in plan.manifest.outputs)
    return ("late" if late else "right"), ""


def every() -> Iterator[tuple[str, onnx.ModelProto, dict[str, int]]]:
    """All of them."""
    for source in (table_models, onnx_models):
        for name, model, given in source():
            for streamed in asked(model):
                yield f"{name} {streamed}", model, streamed
                constant = stored(model, streamed, given)
                if constant is not None:
                    yield f"{name} {streamed} alone", constant, streamed


def cases(first: int, last: int) -> Iterator[tuple[int, str, Callable[[], Judged]]]:
    """Those from number `first` up to `last`."""
    for number, (title, model, streamed) in enumerate(every()):
        if first <= number < last:
            yield number, title, partial(judged, model, streamed)


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:3]]
    log = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    print(judge_all(cases(*given), log, FINE))
