"""Einsum: the gradient of an operand is an Einsum of g and the other operands."""

from __future__ import annotations

import re

from rfonnx.gradient.op import Op
from rfonnx.gradient.registry import Gradients, Unsupported, rule
from rfonnx.gradient.values import Value


@rule("Einsum")
def einsum(op: Op, g: Value) -> Gradients:
    """d operand = einsum(output, others -> operand); labels that only this operand has are broadcast."""
    terms, result = parse(op.attrs["equation"], [op.shape(i) for i in range(len(op.node.inputs))])
    made: list[Value | None] = []
    for index, term in enumerate(terms):
        made.append(_operand(op, g, terms, result, index) if op.needs(index) else None)
        if op.needs(index) and len(set(term)) < len(term):
            raise Unsupported(f"operand {index} repeats a label in '{op.attrs['equation']}'")
    return made


def _operand(op: Op, g: Value, terms: list[str], result: str, index: int) -> Value:
    term = terms[index]
    others = [(terms[i], op.x(i)) for i in range(len(terms)) if i != index]
    known = set(result).union(*(t for t, _ in others))
    kept = "".join(label for label in term if label in known)
    equation = ",".join([result, *(t for t, _ in others)]) + "->" + kept
    made = op.emit("Einsum", g, *(x for _, x in others), equation=equation)
    alone = [axis for axis, label in enumerate(term) if label not in known]
    if alone:
        shape = op.shape(index)
        made = made.unsqueeze(alone).expand([n if a in alone else 1 for a, n in enumerate(shape)])
    lengths = _lengths(op, terms)
    if any(op.shape(index)[a] != lengths[label] for a, label in enumerate(term)):
        raise Unsupported("an axis of length 1 is broadcast")
    return made


def _lengths(op: Op, terms: list[str]) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for i, term in enumerate(terms):
        for label, n in zip(term, op.shape(i), strict=True):
            lengths[label] = max(n, lengths.get(label, 1))
    return lengths


def parse(equation: str, shapes: list[tuple[int, ...]]) -> tuple[list[str], str]:
    """Labels of the operands and of the result, the ellipsis and the implicit result written out.

    >>> parse("...ij,jk", [(2, 3, 4), (4, 5)])
    (['Aij', 'jk'], 'Aik')
    """
    left, arrow, right = re.sub(r"\s", "", equation).partition("->")
    terms = left.split(",")
    if not arrow:
        labels = re.sub(r"[^a-zA-Z]", "", left)
        right = ("..." if "..." in left else "") + "".join(sorted(c for c in set(labels) if labels.count(c) == 1))
    used = set(equation)
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in used]
    longest = max([len(s) - len(t.replace(".", "")) for s, t in zip(shapes, terms, strict=True) if "." in t], default=0)
    wide = "".join(spare[:longest])
    made = []
    for term, shape in zip(terms, shapes, strict=True):
        here = len(shape) - len(term.replace(".", ""))
        made.append(term.replace("...", wide[len(wide) - here :]))
    return made, right.replace("...", wide)
