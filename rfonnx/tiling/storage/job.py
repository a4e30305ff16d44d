"""A run from files to files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from onnx.helper import tensor_dtype_to_np_dtype

from rfonnx.errors import DataError
from rfonnx.graph.order import true_inputs
from rfonnx.graph.text import naming, quote
from rfonnx.model.opened import Opened, with_values
from rfonnx.tiling.asked import Asked
from rfonnx.tiling.running import Tell, run, to_sinks
from rfonnx.tiling.storage.draft import Draft, put_aside, remove
from rfonnx.tiling.storage.fitted import Fitted
from rfonnx.tiling.storage.journal import Journal
from rfonnx.tiling.storage.opening import open_source
from rfonnx.tiling.storage.paths import journal_of, keep_files, keep_old, partial_of, stamp
from rfonnx.tiling.tile_plan import TilePlan, tile_plan
from rfonnx.version import __version__

PLACE = "{output}"


def run_job(asked: Asked, tell: Tell = lambda done, total: None) -> TilePlan:
    """Run a model on files; gives the plan that it went by.

    Outputs get their names when all of them are complete. What is done when the run ends before that is kept beside them, and the
    same call goes on from there.

    Raises:
        DataError: a file cannot be read, does not fit, or is in the way.
        RfonnxError: as `rfonnx.tile` and `TilePlan.run`; or an output cannot be written.
    """
    model = with_values(asked.model, asked.values)
    asked = replace(asked, outputs=_of_each(asked.outputs, model))
    keep_files([asked.model, *asked.inputs.values()], asked.outputs.values(), asked.overwrite)
    sources = _sources(asked, model)
    try:
        shapes = {name: source.shape for name, source in sources.items()}
        plan = tile_plan(model, shapes, asked.tile, stages=asked.stages, memory=asked.memory)
        if not plan.exact:
            raise DataError(f"no tiles of {asked.model} are exact: {plan.reasons[0]}", "see `rfonnx tile plan`")
        return _run(asked, plan, sources, _identity(asked, model, plan), tell)
    finally:
        for source in sources.values():
            source.close()


def _run(
    asked: Asked, plan: TilePlan, sources: Mapping[str, Fitted], identity: Mapping[str, object], tell: Tell
) -> TilePlan:
    outputs = _named(asked.outputs, list(plan.output_shapes), "output")
    journal = journal_of(next(iter(outputs.values())))
    left = {name: path for name, path in outputs.items() if partial_of(path).exists()}
    final = all(name in left or Path(path).exists() for name, path in outputs.items())
    record = Journal(journal, identity, kept=len(left) == len(outputs), final=final, restart=asked.restart)
    drafts: dict[str, Draft] = {}
    try:
        if not record.complete:
            keep_old(outputs.values(), asked.overwrite)
        for name, path in (left if record.complete else outputs).items():
            dtype = np.dtype(plan.output_dtypes[name])
            drafts[name] = Draft(path, plan.output_shapes[name], dtype, again=bool(record.done))
        run(
            plan,
            sources,
            to_sinks(drafts),
            workers=asked.workers,
            threads=asked.threads,
            providers=asked.providers or None,
            scheduler=asked.scheduler,
            record=record,
            tell=tell,
        )
        record.completed()
        for draft in drafts.values():
            draft.commit()
        for path in outputs.values():
            remove(put_aside(path))
        record.remove()
    finally:
        for draft in drafts.values():
            draft.close()
        if not (record.done or record.figures):
            for draft in drafts.values():
                draft.discard()
        record.close()
    return plan


def _sources(asked: Asked, model: Opened) -> dict[str, Fitted]:
    """Files by input, as the model declares these."""
    with naming(model.label):
        inputs = {entry.name: entry.type.tensor_type for entry in true_inputs(model.proto.graph)}
    paths = _named(asked.inputs, list(inputs), "input")
    if missing := [name for name in inputs if name not in paths]:
        raise DataError(f"there is no file for input {quote(missing[0])}", "give every input, as NAME=PATH")
    made = {}
    for name, path in paths.items():
        dtype = tensor_dtype_to_np_dtype(inputs[name].elem_type)
        made[name] = Fitted(open_source(path), len(inputs[name].shape.dim), dtype, asked.prep, name)
    return made


def _of_each(paths: Mapping[str, str], model: Opened) -> dict[str, str]:
    """Paths of outputs by name, where `{output}` in a path without a name stands for the name of each."""
    if set(paths) != {""} or PLACE not in paths[""]:
        return dict(paths)
    with naming(model.label):
        names = [entry.name for entry in model.proto.graph.output]
    return {name: paths[""].replace(PLACE, re.sub(r"^\.+|[^\w.-]", "_", name)) for name in names}


def _named(paths: Mapping[str, str], names: Sequence[str], what: str) -> dict[str, str]:
    """Paths by name, where one without a name stands for the only one."""
    if set(paths) == {""}:
        if len(names) != 1:
            raise DataError(
                f"the model has {len(names)} {what}s ({', '.join(map(quote, names))}), and a path was given without a name",
                f"give each as NAME=PATH, with --{what} from the second on"
                + (f", or a path with {PLACE} in it" if what == "output" else ""),
            )
        return {names[0]: paths[""]}
    if "" in paths:
        raise DataError(f"one {what} has no name, and others have", "give each as NAME=PATH")
    for name in paths:
        if name not in names:
            raise DataError(f"there is no {what} {quote(name)}", f"the {what}s are {', '.join(map(quote, names))}")
    return dict(paths)


def _identity(asked: Asked, model: Opened, plan: TilePlan) -> dict[str, object]:
    """What makes two runs the same."""
    return {
        "rfonnx": f"tile run of {__version__}",
        "model": [str(Path(asked.model).absolute()), stamp(asked.model)],
        "weights": {name: stamp(str(path)) for name, path in model.weight_files.items()},
        "providers": list(asked.providers),
        "inputs": {name: [str(Path(path).absolute()), stamp(path)] for name, path in asked.inputs.items()},
        "outputs": {name: str(Path(path).absolute()) for name, path in asked.outputs.items()},
        "crops": {name: list(shape) for name, shape in plan.crop_shapes.items()},
        "tiles": [cut.count for cut in plan.cuts],
        "shapes": {name: list(shape) for name, shape in plan.output_shapes.items()},
        "prep": repr(asked.prep),
        "values": repr(sorted(asked.values.items())),
        "stages": asked.stages,
    }
