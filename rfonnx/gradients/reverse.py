"""The reverse walk: from the seeds back to the inputs, one rule per node, contributions added where a tensor fans out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from rfonnx.errors import RfonnxError
from rfonnx.gradients.answers import Narrow, Unsupported, Zero
from rfonnx.gradients.emitter import Emitter
from rfonnx.gradients.op import Op, Walk
from rfonnx.gradients.rule_table import Rule, find, reason_for_zero
from rfonnx.gradients.values import Value
from rfonnx.gradients.verify import Claim
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.text import quote
from rfonnx.model import runtime


class GradientError(RfonnxError):
    """A node on the way from the tensor to the inputs has no gradient rule, or none for this case of it."""


@dataclass(frozen=True, slots=True)
class Product:
    """A vector-Jacobian product.

    Attributes:
        gradients: by name in `wrt`; a name is missing when its gradient is zero: no differentiable path leads to it.
        demanded, claims: see `Walk`.
    """

    gradients: dict[str, Value]
    demanded: dict[str, dict[int, str]]
    claims: list[Claim]


PERTURB = "measure it without gradients: --method perturb"
FAULT = f"this is a fault of rfonnx, please report it; meanwhile {PERTURB}"


def differentiate(
    graph: Graph,
    seeds: Mapping[str, Value],
    wrt: Sequence[str],
    emit: Emitter,
    lanes: Mapping[str, int] | None = None,
) -> Product:
    """Emit the vector-Jacobian product.

    Args:
        graph: the forward graph, with static shapes.
        seeds: by tensor: the vector that its Jacobian is multiplied by.
        wrt: tensors whose gradients are wanted.
        emit: takes the nodes.
        lanes: see `Walk`.

    Raises:
        GradientError: an operator on the way has no rule.
    """
    walk = Walk(graph, emit, active_tensors(graph, wrt), lanes or {})
    arrived: dict[str, list[Value | Narrow]] = {name: [seed] for name, seed in seeds.items()}
    wanted = set(wrt)
    found: dict[str, Value] = {}
    for node in reversed(graph.nodes):
        gradients = [_total(arrived.pop(name, []), walk, name) for name in node.outputs]
        passing = zip(node.outputs, gradients, strict=True)
        found.update((name, gradient) for name, gradient in passing if name in wanted and gradient is not None)
        if any(g is not None for g in gradients) and any(name in walk.active for name in reads(node)):
            emit.scope = next(o for o in node.outputs if o)
            for name, gradient in _contributions(node, walk, gradients):
                arrived.setdefault(name, []).append(gradient)
    for name in wanted & set(graph.inputs):
        emit.scope = name
        total = _total(arrived.get(name, []), walk, name)
        if total is not None:
            found[name] = total
    return Product(found, walk.demanded, walk.claims)


def reads(node: Node) -> Sequence[str]:
    """What a node reads: its inputs, and what its subgraphs capture from outside."""
    return (*node.inputs, *node.attrs["captures"]) if "captures" in node.attrs else node.inputs


def active_tensors(graph: Graph, wrt: Sequence[str]) -> set[str]:
    """Tensors that depend on one of `wrt` through operators that have a gradient, and those of `wrt` themselves."""
    active = set(wrt)
    for node in graph.nodes:
        if reason_for_zero(node.kind) is None and any(name in active for name in reads(node)):
            active.update(name for name in node.outputs if name and not _constant(node, name, graph.dtypes[name]))
    return active


def _constant(node: Node, name: str, dtype: str) -> bool:
    """Whether an output is taken as a constant: integers and truth values that a Cast gives, which are constant between their
    steps, and the scale of a quantisation."""
    if node.kind == "DynamicQuantizeLinear":
        return name != node.outputs[0]
    return node.op_type in ("Cast", "CastLike") and "float" not in dtype


def _total(parts: list[Value | Narrow], walk: Walk, name: str) -> Value | None:
    """The sum of what arrived at a tensor, in its shape."""
    if not parts:
        return None
    parts = sorted(parts, key=lambda part: isinstance(part, Narrow))  # sums grow wide as early as they can
    total = reduce(lambda a, b: a + b, (part.value if isinstance(part, Narrow) else part for part in parts))
    if isinstance(parts[0], Narrow):
        total = total.expand([1 if n == -1 else n for n in walk.open_shape(name)])
    return total


def _contributions(node: Node, walk: Walk, gradients: list[Value | None]) -> list[tuple[str, Value | Narrow]]:
    """Gradients that a node hands to its inputs."""
    rule = find(node.kind)
    if rule is None:
        reason = reason_for_zero(node.kind)
        what = "has no gradient rule" if reason is None else f"has no gradient: it {reason}"
        raise GradientError(f"{node} {what}", PERTURB)
    op = Op(node, walk, gradients)
    if not rule.every_output and any(g is not None for g in gradients[1:]):
        raise GradientError(f"{node} has no gradient rule for its outputs after the first", PERTURB)
    try:
        made = rule.function(op, gradients[0])  # type: ignore[arg-type]  # None only with every_output
        return _checked(op, rule, list(made))
    except Unsupported as reason:
        raise GradientError(f"{node} has no gradient rule for this case: {reason}", PERTURB) from None
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # a node that the rule did not reckon with (wrong attributes, ranks): users get its name, not a traceback
        raise GradientError(f"the gradient rule of {node} failed ({runtime.one_line(error)})", FAULT) from error


def _checked(op: Op, rule: Rule, made: list[Value | Narrow | Zero | None]) -> list[tuple[str, Value | Narrow]]:
    """What a rule gave, per input that asks for it, in that input's shape."""
    names = reads(op.node)
    if len(made) != len(names):
        raise GradientError(f"the gradient rule of {op.node} gave {len(made)} gradients for {len(names)} inputs", FAULT)
    contributions: list[tuple[str, Value | Narrow]] = []
    for index, (name, gradient) in enumerate(zip(names, made, strict=True)):
        if name not in op.walk.active or isinstance(gradient, Zero):
            continue
        if gradient is None:
            raise GradientError(f"the gradient rule of {op.node} gave none for its input {quote(name)}", FAULT)
        narrow = isinstance(gradient, Narrow)
        value = gradient.value if isinstance(gradient, Narrow) else gradient
        if rule.broadcasts:
            value = op.unbroadcast(value, index)
        value = value.cast(op.walk.precision(name))
        op.walk.claims.append(Claim(value.name, name, op.walk.open_shape(name), op.node, narrow))
        contributions.append((name, Narrow(value) if narrow else value))
    return contributions
