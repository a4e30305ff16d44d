"""Which inner tensor of the student is which of the teacher's.

Names come first: optimisers and quantisers keep the name of a layer's last tensor, whatever they fold into the layer. What has no
namesake is paired by operator and shape in order, where what leads to the two is paired too. No tensor is paired twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rfonnx.comparing.layers.inner_tensors import Inner
from rfonnx.comparing.layers.layer_kinds import (
    FOLDED,
    FUSIONS,
    dequantises,
    plain,
)
from rfonnx.comparing.layers.side import Side
from rfonnx.model.reading.convert import kind_of
from rfonnx.operators.table import operator

MAX_BY_ORDER = 4000
"""Tensors without a namesake up to which they are matched by order, which takes time that grows with the square."""

TRUSTED = 0.7
"""Share of common names that must mean the same operators: names that are numbers mean other tensors in another export."""

ENDINGS = ("_DequantizeLinear_Output", "_QuantizeLinear_Input", "_quantized")
"""What onnxruntime's quantiser appends to the name of a tensor that it quantises."""

Pair = tuple[Inner, Inner]


@dataclass(frozen=True, slots=True)
class Pairing:
    """What was paired.

    Attributes:
        pairs: in the teacher's order.
        tails: outputs that belong together, one of which is paired with another tensor: one model alone does what lies between.
        unmatched: how many of the teacher's tensors have no partner.
    """

    pairs: list[Pair]
    tails: list[Pair]
    unmatched: int


def paired(teacher: Side, student: Side, outputs: Sequence[tuple[str, str]]) -> Pairing:
    """Pair all tensors.

    Args:
        teacher, student: both models.
        outputs: names of the outputs that belong together.
    """
    pairs = _behind_activations(teacher, student, _by_name(teacher, student))
    pairs |= _before_quantisers(teacher, student, pairs)
    pairs |= _by_order(teacher, student, pairs)
    tails: list[Pair] = []
    partners = {other: key for key, other in pairs.items()}
    for one, other in outputs:
        if teacher.shapes.get(one) != student.shapes.get(other) or one not in teacher.shapes:
            continue
        if one not in pairs and other not in partners:
            pairs[one], partners[other] = other, one
        elif one not in pairs or student.root(student.tensors[pairs[one]]) != student.wiring.root(other):
            tails.append((teacher.tensors[one], student.tensors[other]))
    made = [(teacher.tensors[key], student.tensors[pairs[key]]) for key in teacher.tensors if key in pairs]
    return Pairing(made, tails, len(teacher.tensors) - len(made))


def _by_name(teacher: Side, student: Side) -> dict[str, str]:
    """Namesakes of one shape, by key; the one behind a quantiser where there are several, for a Relu is fused into it: under the
    Relu's name stands what the convolution gives."""
    named: dict[str, list[Inner]] = {}
    for tensor in student.tensors.values():
        for name in _names(student, tensor):
            named.setdefault(name, []).append(tensor)
    found: dict[str, str] = {}
    taken: set[str] = set()
    common, meant = 0, 0
    for key, tensor in teacher.tensors.items():
        for name in dict.fromkeys((tensor.name, stem(tensor.name))):
            others = [
                other
                for other in reversed(named.get(name, ()))
                if other.key not in taken
                and student.shapes[other.key] == teacher.shapes[key]
                and (other.name == tensor.name or other.name not in teacher.names)
            ]
            same = next((other for other in others if _same_layer(teacher, tensor, student, other)), None)
            common, meant = common + bool(others), meant + (same is not None)
            if same is not None:
                found[key] = same.key
                taken.add(same.key)
                break
    return found if meant >= TRUSTED * common else {}


def _names(side: Side, tensor: Inner) -> list[str]:
    """What a tensor may be called in the other model."""
    root = side.root(tensor)
    return list(dict.fromkeys((tensor.name, stem(tensor.name), root, stem(root))))


def stem(name: str) -> str:
    """The name without what the quantiser appended to it.

    >>> stem("r1_DequantizeLinear_Output")
    'r1'
    """
    return next((name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending)), name)


def _same_layer(one: Side, tensor: Inner, other: Side, partner: Inner) -> bool:
    """Whether two tensors of one name may be the same: made by the same operator, handed on, or one by a product into which the
    operators were folded that lie before the other."""
    left, right = one.kind(tensor), other.kind(partner)
    if left == right or operator(left).hands_on or operator(right).hands_on or partner.real is not None:
        return True
    if one.sums(tensor, other.names) & other.sums(partner, one.names):
        return True
    return (left in FOLDED and right in FUSIONS) or (right in FOLDED and left in FUSIONS)


def _behind_activations(teacher: Side, student: Side, pairs: Mapping[str, str]) -> dict[str, str]:
    """The pairs, with a quantised tensor as that of the activation behind it where the student has none: its range begins at zero
    then, so that quantising it is the activation, and it keeps the name of what was before."""
    found = dict(pairs)
    for key, other in pairs.items():
        tensor, partner = teacher.tensors[key], student.tensors[other]
        readers = teacher.wiring.readers.get(tensor.name, ())
        if partner.real is None or len(readers) != 1:
            continue
        kind, made = plain(kind_of(readers[0])), readers[0].output[0]
        kept = any(plain(kind_of(reader)) == kind for reader in student.wiring.readers.get(partner.name, ()))
        free = made in teacher.tensors and made not in pairs and teacher.shapes[made] == teacher.shapes[key]
        if teacher.activates(readers[0]) and free and not kept:
            found[made] = found.pop(key)
    return found


def _before_quantisers(teacher: Side, student: Side, pairs: Mapping[str, str]) -> dict[str, str]:
    """Pairs of what an activation reads and what a quantiser reads that the activation was fused into."""
    found = {}
    taken = set(pairs.values())
    for key, other in pairs.items():
        before = student.root(student.tensors[other])
        node = teacher.wiring.maker[teacher.tensors[key].name]
        if before in taken or before not in student.tensors or not teacher.activates(node):
            continue
        source = teacher.tensors.get(teacher.wiring.operands(node)[0])
        partner = student.tensors[before]
        free = source is not None and source.key not in pairs and student.kind(partner) != plain(kind_of(node))
        if source is not None and free and teacher.sign(source) == student.sign(partner):
            found[source.key] = before
            taken.add(before)
    return found


def _by_order(teacher: Side, student: Side, pairs: Mapping[str, str]) -> dict[str, str]:
    """Pairs of what has no namesake: operators and shapes in the same order, behind tensors that are pairs too."""
    rest = [tensor for key, tensor in teacher.tensors.items() if key not in pairs and teacher.ends(tensor)]
    roots = {student.root(student.tensors[key]) for key in pairs.values()}
    free = [
        t
        for t in student.tensors.values()
        if student.root(t) not in roots and student.ends(t) and not dequantises(student.kind(t))
    ]
    if max(len(rest), len(free)) > MAX_BY_ORDER:
        return {}
    found = {}
    signs = [teacher.sign(tensor) for tensor in rest], [student.sign(tensor) for tensor in free]
    for block in SequenceMatcher(None, *signs, autojunk=False).get_matching_blocks():
        for step in range(block.size):
            found[rest[block.a + step].key] = free[block.b + step].key
    return _led_alike(teacher, student, pairs, found)


def _led_alike(teacher: Side, student: Side, sure: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """Of pairs by order, those that are computed from pairs: one operand at least is the same, or both come from the inputs."""
    partner = {teacher.tensors[key].name: student.tensors[other].name for key, other in {**sure, **found}.items()}
    mine, theirs = teacher.wiring.before(partner), student.wiring.before(set(partner.values()))
    kept = {}
    for key, other in found.items():
        left, right = (
            mine.get(teacher.tensors[key].name, frozenset()),
            theirs.get(student.tensors[other].name, frozenset()),
        )
        inputs = not left.isdisjoint(teacher.wiring.inputs) and not right.isdisjoint(student.wiring.inputs)
        if inputs or (not left and not right) or any(partner.get(name) in right for name in left):
            kept[key] = other
    return kept
