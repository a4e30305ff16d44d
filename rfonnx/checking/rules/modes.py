"""Rules on what was left as it was in training: statistics of the batch, and types of twice the size."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.checking.rule_table import NotApplicableError, Says, Values, holds, rule
from rfonnx.checking.subject import Subject
from rfonnx.graph.walk import live_nodes


@rule("RF023", "no-batch-statistics", "warning", default=True)
def no_batch_statistics(subject: Subject, values: Values) -> Iterator[Says]:
    """No batch norm takes its mean and variance from the batch at hand.

    In training mode the stored statistics are not used: an answer depends on what else is in the batch, and on a single
    sample the norm takes away what training left to it. (A dropout in training mode breaks RF013.)

    Way out: call model.eval() before the export, or export with training=TrainingMode.EVAL.
    """
    norms = {
        node.name or node.outputs[0]: node for node in live_nodes(subject.graph) if node.kind == "BatchNormalization"
    }
    if not norms:
        raise NotApplicableError("the model has no batch norm")
    training = [node for node in norms.values() if node.attrs.get("training_mode")]
    for node in training:
        yield Says(f"{node} is in training mode: its statistics are those of the batch", node.outputs[0])
    yield holds("batch norms use their stored statistics")


@rule("RF029", "no-accidental-float64", "note", default=True)
def no_accidental_float64(subject: Subject, values: Values) -> Iterator[Says]:
    """Nothing is computed in float64 in a model that neither takes nor gives float64.

    One Python number in numpy's default type, and all that follows is computed in twice the width: slower on a processor,
    many times slower on a graphics card, refused by most accelerators. What is constant does not count, nor a cast itself.

    Way out: cast what enters the operator that is named to float32 before the export.
    """
    graph = subject.graph
    stated = [name for name in (*graph.inputs, *graph.outputs) if graph.dtypes.get(name) == "float64"]
    if stated:
        raise NotApplicableError(f"the model's own type is float64: '{stated[0]}'")
    wide = [
        node
        for node in live_nodes(graph)
        if node.kind not in ("Cast", "CastLike", "Constant")
        and any(graph.dtypes.get(name) == "float64" and name not in graph.constants for name in node.outputs if name)
    ]
    if wide:
        more = f", and {len(wide) - 1} more" if len(wide) > 1 else ""
        yield Says(f"{wide[0]} computes in float64{more}", next(output for output in wide[0].outputs if output))
    yield holds("nothing is computed in float64")
