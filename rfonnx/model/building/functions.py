"""Step into model-local functions and taken branches: their nodes join the caller's, names prefixed by the call's path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from onnx import AttributeProto, FunctionProto, NodeProto

from rfonnx.errors import ModelError, misexported
from rfonnx.graph.file_nodes import plain_domain
from rfonnx.graph.order import label, sort
from rfonnx.graph.text import check_text, quote
from rfonnx.model.building.scope import FunctionKey, Scope
from rfonnx.model.reading.convert import opset_of
from rfonnx.system.named import NamedTuple

MAX_CALLS = 64
"""Functions that call functions: exporters make one per module, about ten deep."""


class Inlined(NamedTuple):
    """Nodes to go on with in place of a call, and the scope that they stand in."""

    scope: Scope
    nodes: list[NodeProto]


class Functions:
    """The functions of a model by domain, name and overload."""

    def __init__(self, functions: Iterable[FunctionProto]) -> None:
        self._by_key: dict[FunctionKey, FunctionProto] = {}
        self._sorted: dict[FunctionKey, list[NodeProto]] = {}
        for function in functions:
            check_text([function.domain, function.name, function.overload], "a function")
            key = (plain_domain(function.domain), function.name, function.overload)
            if key in self._by_key:
                raise misexported(f"function {quote('.'.join(k for k in key if k))} is defined twice")
            self._by_key[key] = function

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def find(self, node: NodeProto) -> FunctionKey | None:
        """The function that a node calls, if it calls one."""
        key = (plain_domain(node.domain), node.op_type, node.overload)
        return key if key in self._by_key else None

    def enter(
        self, key: FunctionKey, call: NodeProto, scope: Scope, unique: Callable[[str, Iterable[str]], str]
    ) -> Inlined:
        """The function's nodes in place of the call.

        Args:
            key: of the function.
            call: the node, its attribute references already bound.
            scope: of the call.
            unique: makes a prefix for a label and the names under it.

        Raises:
            ModelError: functions call each other in a circle or too deeply, or the call has too many inputs or outputs.
        """
        function = self._by_key[key]
        if key in scope.calls or len(scope.calls) >= MAX_CALLS:
            path = " -> ".join(quote(name) for _, name, _ in (*scope.calls, key)[-8:])
            what = "calls itself" if key in scope.calls else f"is called more than {MAX_CALLS} deep"
            raise ModelError(f"function {quote(function.name)} {what}: {path}", "functions must not be recursive")
        if len(call.input) > len(function.input) or len(call.output) > len(function.output):
            raise misexported(
                f"{label(call)} passes {len(call.input)} inputs and {len(call.output)} outputs to a function of"
                f" {len(function.input)} and {len(function.output)}"
            )
        if key not in self._sorted:
            check_text([o.domain for o in function.opset_import], f"function {quote(function.name)}")
            self._sorted[key] = sort(function.node, function.input, function.output)
        inputs = [scope.resolve(name) for name in call.input]
        names = dict(zip(function.input, inputs + [""] * (len(function.input) - len(inputs)), strict=True))
        inner = Scope(
            prefix="",
            opsets={**scope.opsets, **dict(map(opset_of, function.opset_import))},
            names=names,
            attributes=_attributes(function, call),
            calls=(*scope.calls, key),
            declared={info.name: info.type for info in function.value_info},
            depth=scope.depth,
        )
        targets = [scope.resolve(name) for name in call.output]
        return splice(inner, self._sorted[key], (), function.output, targets, scope.prefix, call, unique)


def _attributes(function: FunctionProto, call: NodeProto) -> dict[str, AttributeProto]:
    """What the attribute references of a function's body stand for: the call's attributes, else the defaults."""
    given = {a.name: a for a in function.attribute_proto}
    given.update((a.name, a) for a in call.attribute)
    return given


def splice(
    scope: Scope,
    nodes: Sequence[NodeProto],
    stored: Iterable[str],
    results: Sequence[str],
    targets: Sequence[str],
    prefix: str,
    call: NodeProto,
    unique: Callable[[str, Iterable[str]], str],
) -> Inlined:
    """Give the local names of a body their graph-wide ones: its results take the names of the call's outputs.

    Args:
        scope: of the body, with the names of its inputs.
        nodes: of the body, sorted.
        stored: names of its initializers.
        results: names of its outputs.
        targets: graph-wide names of the call's outputs; "" and missing ones are not wanted.
        prefix: of the caller's scope.
        call: the node that is replaced.
        unique: makes a prefix for a label and the names under it.
    """
    local = [*stored, *(name for node in nodes for name in node.output if name)]
    inner = unique(prefix + (call.name or call.op_type), local)
    names = dict(scope.names)
    names.update((name, inner + name) for name in local)
    made = {name for node in nodes for name in node.output}
    copies: list[NodeProto] = []
    for index, (result, target) in enumerate(zip(results, targets, strict=False)):
        if not target:
            continue
        if result in made:
            names[result] = target
            made.discard(result)
        else:  # an input, an initializer, a captured name, or an output that is listed twice: needs a node of its own
            alias = f"{result}\0{index}"
            names[alias] = target
            copies.append(NodeProto(op_type="Identity", name=call.name, input=[result], output=[alias]))
    return Inlined(scope.inside(inner, names), [*nodes, *copies])


def subgraph_scope(outer: Scope, declared: Mapping[str, object], names: dict[str, str], prefix: str) -> Scope:
    """The scope of a subgraph of a node in `outer`."""
    return Scope(
        prefix=prefix,
        opsets=outer.opsets,
        names=names,
        outer=outer,
        attributes=outer.attributes,
        calls=outer.calls,
        declared=declared,  # type: ignore[arg-type]
        depth=outer.depth + 1,
    )
