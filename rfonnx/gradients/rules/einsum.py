"""Einsum: the gradient of an operand is an Einsum of g and the other operands."""

from __future__ import annotations

import re

import numpy as np

from rfonnx.gradients.answers import Gradients
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.values import Value


@rule("Einsum")
def einsum(op: Op, g: Value) -> Gradients:
    """d operand = einsum(output, others -> operand). Labels that only this operand has are broadcast, and where it repeats one
    (a diagonal) the rest of it gets zero."""
    terms, result = parse(op.attrs["equation"], [op.shape(i) for i in range(len(op.node.inputs))])
    return [_operand(op, g, terms, result, index) if op.needs(index) else None for index in range(len(terms))]


def _operand(op: Op, g: Value, terms: list[str], result: str, index: int) -> Value:
    term, shape, lengths = terms[index], op.shape(index), _lengths(op, terms)
    others = [(terms[i], op.x(i)) for i in range(len(terms)) if i != index]
    known = set(result).union(*(t for t, _ in others))
    kept = [label for label in dict.fromkeys(term) if label in known]
    equation = ",".join([result, *(t for t, _ in others)]) + "->" + "".join(kept)
    made = op.emit("Einsum", g, *(x for _, x in others), equation=equation)
    # an axis of length 1 that the other operands broadcast
    made = made.sum([a for a, label in enumerate(kept) if shape[term.index(label)] < lengths[label]])
    first = [term.index(label) == axis for axis, label in enumerate(term)]
    made = made.unsqueeze([a for a, label in enumerate(term) if label not in known or not first[a]])
    wide = [n if label not in known else 1 for n, label in zip(shape, term, strict=True)]
    if max(wide, default=1) > 1:
        made = made.expand(wide)
    return made if all(first) else made * op.emit.constant(_diagonal(term, shape).astype(g.dtype))


def _diagonal(term: str, shape: tuple[int, ...]) -> np.ndarray:
    """1 where the positions along axes of the same label agree, else 0."""
    place = np.indices(shape)
    mask = np.ones(shape, bool)
    for axis, label in enumerate(term):
        mask &= place[axis] == place[term.index(label)]
    return mask


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
