"""Which operator is differentiated by which rule. Three states: a rule, declared to have no gradient, or unsupported.

A rule is called with the node (`Op`) and the gradient of its first output, and gives one gradient per input: a `Value` of the
input's shape (or `Narrow`), `ZERO` where the derivative vanishes everywhere, or None for an input that, says `op.needs`, nobody
asks for.
"Zero" and "nobody wrote it" never mix: None for an input that is needed is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rfonnx.gradients.answers import Gradients
from rfonnx.gradients.op import Op
from rfonnx.gradients.values import Value
from rfonnx.operators.row import Unknown
from rfonnx.operators.table import declare, kinds, operator

Function = Callable[[Op, Value], Gradients]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, and what the engine does around it.

    Attributes:
        function: gives the gradients.
        broadcasts: gradients come in the output's shape; the engine sums them down to the inputs' shapes.
        every_output: the rule reads `op.gradients` (one per output, None where nothing arrives); otherwise a gradient that
            arrives at a second output is an error.
    """

    function: Function
    broadcasts: bool = False
    every_output: bool = False


def rule(*kinds: str, broadcasts: bool = False, every_output: bool = False) -> Callable[[Function], Function]:
    """Fill in the gradient of operators: "Conv", or "com.microsoft.FusedConv" outside ai.onnx.

    Raises:
        ValueError: an operator has one, or is not in the table.
    """

    def register(function: Function) -> Function:
        _fill(Rule(function, broadcasts, every_output), kinds)
        return function

    return register


def declare_zero(reason: str, *kinds: str) -> None:
    """Declare that these operators have no gradient (it is zero wherever it is defined), and why ("counts positions")."""
    _fill(reason, kinds)


def _fill(gradient: Rule | str, kinds: Sequence[str]) -> None:
    """Operators of the domain "rfonnx" stand for patterns, and are made here alone: no model has them."""
    unknown = [kind for kind in kinds if not kind.startswith("rfonnx.") and not operator(kind).filled]
    if unknown:
        raise ValueError(f"the table of operators does not know {', '.join(unknown)}")
    declare(*kinds, gradient=gradient)


def declare_unsupported(reason: str, *kinds: str) -> None:
    """State that nobody wrote how these operators are differentiated, and why."""
    _fill(Unknown(reason), kinds)


def find(kind: str) -> Rule | None:
    """The rule of an operator, or None."""
    found = operator(kind).gradient
    return found if isinstance(found, Rule) else None


def reason_for_zero(kind: str) -> str | None:
    """Why an operator is declared to have no gradient, or None when it is not."""
    found = operator(kind).gradient
    return found if isinstance(found, str) and not isinstance(found, Unknown) else None


def registered() -> dict[str, str]:
    """All operators with a gradient: "rule" or "zero"."""
    known = [kind for kind in kinds("gradient") if not isinstance(operator(kind).gradient, Unknown)]
    return {kind: "rule" if find(kind) else "zero" for kind in known}
