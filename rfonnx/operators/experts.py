"""Mixtures of experts: each token passes some of several small networks."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape
from rfonnx.operators.access.shared import known
from rfonnx.operators.counting import CountCall, UncountedError, counts
from rfonnx.operators.shaping import same, shapes
from rfonnx.operators.table import declare, microsoft


@rule(*microsoft("MoE QMoE"))
def mixture_of_experts(op: Op) -> Access:
    """A token reads all its features and its router values. A superset: which experts act on it is data."""
    known(op, *range(2, len(op.node.inputs)))
    shape, router = op.shape(0), op.shape(1)
    tokens = (Reduce((1,)), Reshape((*shape[:-1], 1)))
    paths = (Path(op.name(0), (Reduce((len(shape) - 1,)),)), Path(op.name(1), tokens if len(router) == 2 else ()))
    return Access(paths, exact=False, note="which experts a token is sent to is data: all are taken")


@counts("com.microsoft.MoE")
def mixture_of_experts_macs(call: CountCall) -> int:
    """Each token passes k experts of two or three products. How tokens are routed is an input, and costs nothing here."""
    return _routed(call) * sum(prod(call.shape(index)[1:]) for index in (2, 4, 6) if call.has(index))


@counts("com.microsoft.QMoE")
def quantised_mixture_of_experts_macs(call: CountCall) -> int:
    """As MoE; weights are packed along their last axis, several to a byte."""
    if call.attr("quant_type", "int") not in ("int", b"int") or call.attr("weights_prepacked", 0) not in (0, -1):
        raise UncountedError("how its weights are packed is not known")
    width = call.shape(0)[-1]
    experts = call.shape(2)[1] * width + prod(call.shape(5)[1:]) * _to_a_byte(call.node.attrs, "fc2_expert_weight_bits")
    return _routed(call) * (experts + (call.shape(8)[1] * width if call.has(8) else 0))


def _to_a_byte(attrs: Mapping[str, object], name: str) -> int:
    bits = attrs.get(name) or attrs.get("expert_weight_bits") or 4
    return 8 // int(str(bits))


def _routed(call: CountCall) -> int:
    """Tokens, each as often as it has experts."""
    return prod(call.shape(0)[:-1]) * min(int(call.attr("k", 1)), call.shape(2)[0])


shapes(*microsoft("MoE QMoE"))(same)

declare("com.microsoft.MoE", manner=())
declare(*microsoft("MoE QMoE"), family="product")
declare(
    "com.microsoft.QMoE",
    manner=(),
    packed={2: ("fc1_expert_weight_bits", 4), 5: ("fc2_expert_weight_bits", 4), 8: ("fc3_expert_weight_bits", 4)},
    quantised=True,
)
