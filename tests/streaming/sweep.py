"""Every operator along every axis, streamed right or refused: `python -P tests/streaming/sweep.py [FIRST [LAST]]`.

The nodes are those of the tables of gradients and of shapes, and ONNX's own node tests. Each axis of the first input is taken
for time, alone and together with inputs that are as long along the same axis. A line for each that is neither right nor refused
with a way out; counts at the end. It begins again at any number.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import onnx

import rfonnx
from rfonnx.graph.tensors import DTYPES
from rfonnx.model.opened import Opened
from rfonnx.streaming.offline import drawn_others, hold, level_of, within
from rfonnx.streaming.stream_plan import stream_plan


def table_models() -> Iterator[tuple[str, onnx.ModelProto]]:
    """A node each: of the tests of gradients, and of those of shapes."""
    from gradient.table import TABLE
    from graph.test_shape_rules import CASES as SHAPES
    from graph.test_shape_rules import build

    for case in TABLE:
        yield f"gradient {case}", case.model(np.float32)
    for title, shaped in SHAPES.items():
        yield f"shapes {title}", build(shaped)[0]


def onnx_models() -> Iterator[tuple[str, onnx.ModelProto]]:
    """ONNX's own tests of nodes."""
    from onnx.backend.test.case.node import collect_testcases

    for case in collect_testcases(""):
        if case.model is not None:
            yield f"onnx {case.name}", case.model


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
    first, shape = next(iter(shapes.items()))
    found = []
    for axis, length in enumerate(shape):
        found.append({first: axis})
        together = {
            name: len(own) - (len(shape) - axis)
            for name, own in shapes.items()
            if len(own) >= len(shape) - axis and own[axis - len(shape)] == length
        }
        if len(together) > 1:
            found.append(together)
    return found


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


def judged(model: onnx.ModelProto, streamed: dict[str, int]) -> tuple[str, str]:
    """What became of it: "right", "late", "refused", "no way out", "not run", "wrong", "crash"; and what there is to say."""
    try:
        plan = stream_plan(Opened(freed(model, streamed)), streamed, 0, None)
        graph, shapes = plan.source.graph, plan.source.shapes
        given = {name: (shapes[name], graph.dtypes[name]) for name in plan.manifest.given}
        stream = rfonnx.Stream(plan.model, others=drawn_others(given, 0), level=level_of(plan.model))
        found = hold(within(plan.source.offline), stream, "stream")
    except rfonnx.RfonnxError as error:
        return ("refused" if error.hint else "no way out"), str(error)
    except Exception as error:  # whatever it is, it is counted
        return "crash", repr(error)[:300]
    if all(run.skipped for run in found.runs):
        return "not run", found.runs[0].skipped
    if not found.passed:
        missing = next((run.missing for run in found.runs if run.missing), "")
        return "wrong", f"{found.worst:.1e} {missing}"
    late = any(one.least is not None and one.delay + one.held != one.least for one in plan.manifest.outputs)
    return ("late" if late else "right"), ""


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:] if word != "-v"]
    first, last = (*given, *(0, 10**9)[len(given) :])[:2]
    counts: Counter[str] = Counter()
    number = -1
    for source in (table_models, onnx_models):
        for name, model in source():
            for streamed in asked(model):
                number += 1
                if not first <= number < last:
                    continue
                kind, said = judged(model, streamed)
                counts[kind] += 1
                if kind not in ("right", "late", "refused") or "-v" in sys.argv:
                    print(number, name, streamed, kind, said, flush=True)
    print(dict(counts))
