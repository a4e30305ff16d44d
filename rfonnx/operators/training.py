"""Losses and optimisers."""

from __future__ import annotations

from rfonnx.operators.access.indexing import whole
from rfonnx.operators.access.op import Op, declare_everything, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape
from rfonnx.operators.counting import declare_unknown
from rfonnx.operators.table import declare, named

_OPTIMISERS = named("Adagrad Adam Momentum", "ai.onnx.preview.training")
_CLASS = "which class is read is data: all of them are taken"


@rule("NegativeLogLikelihoodLoss")
def nll_loss(op: Op) -> Access:
    """loss[n,d] reads x[n,:,d], target[n,d] and all class weights; reduced, it reads all. A superset: the class is data."""
    return Access(_loss_paths(op), exact=False, note=_CLASS)


@rule("SoftmaxCrossEntropyLoss")
def cross_entropy_loss(op: Op) -> list[Access]:
    """As the negative log likelihood of a softmax, whose log probabilities the second output reads: x[n,:,d]. Exact for those,
    and for the loss unless classes are weighted or ignored."""
    by_class = op.reads(2) or "ignore_index" in op.attrs
    loss = Access(_loss_paths(op), exact=not by_class, note=_CLASS if by_class else "")
    return [loss, *[Access((Path(op.name(0), (Reduce((1,)),)),))] * (len(op.node.outputs) - 1)]


def _loss_paths(op: Op) -> tuple[Path, ...]:
    shape = op.shape(0)
    each = (shape[0], *shape[2:])
    if op.attrs.get("reduction", "mean") == "none":
        paths = [Path(op.name(0), (Reduce((1,)), Reshape(each))), Path(op.name(1))]
    else:
        paths = [whole(op, 0), whole(op, 1)]
    if op.reads(2):
        paths.append(Path(op.name(2), (Reduce((0,)), Reshape(()))))
    return tuple(paths)


@rule(*_OPTIMISERS)
def optimiser(op: Op) -> list[Access]:
    """Learning rate and step count, then tensors, then gradients and states in the same order; each output of tensor i reads
    tensor, gradient and states i at its own position. Exact for the tensors; their states are taken to read as much."""
    outputs = len(op.node.outputs)
    states = {"Adam": 2, "Adagrad": 1, "Momentum": 1}[op.node.op_type]
    count = outputs // (1 + states)  # tensors that are optimised
    accesses = []
    for index in range(outputs):
        own = range(2 + index % count, len(op.node.inputs), count)
        exact = index < count
        note = "" if exact else "the optimiser's state is taken to read as much as the tensor"
        accesses.append(Access(tuple(Path(op.name(i)) for i in (0, 1, *own)), exact, note))
    return accesses


declare_everything("a gradient of other nodes", "ai.onnx.preview.training.Gradient")

declare_unknown("what it derives is not followed", "ai.onnx.preview.training.Gradient")

declare("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss", *_OPTIMISERS, macs=0, manner=())
declare("ai.onnx.preview.training.Gradient", manner=())
