"""Where two models part, for people: the table of inner tensors, and what it comes to."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rfonnx.report.document import Line, Name, Section, Table
from rfonnx.results.comparison import Comparison
from rfonnx.results.parting import LayerAgreement, Parting

SHOWN_LAYERS = 12
"""Layers of the table, unless all are asked for: the first ones and those around the parting."""

SHOWN_DAMAGED = 5
"""Layers that are named as differing by themselves."""

HEADER = ("tensor", "op", "node", "SQNR (dB)", "own", "quantised", "weight", "cosine", "max abs error")


def layers_table(found: Comparison, every: bool) -> Table:
    """One row per pair of inner tensors; `every` shows all."""
    parting = found.parting
    assert parting is not None
    layers = list(parting.layers)
    begin = layers.index(parting.first) if parting.first else 0
    shown = layers if every else layers[max(0, begin - SHOWN_LAYERS // 2) :][:SHOWN_LAYERS]
    shown = [*(layer for layer in parting.inputs if every or layer.sqnr_db < math.inf), *shown]
    alarm = frozenset(i for i, layer in enumerate(shown) if layer.sqnr_db < parting.limit_db or not layer.finite)
    caption = f"{len(layers)} pairs of inner tensors over {parting.samples} samples"
    if parting.unmatched:
        caption += f", {parting.unmatched} of the teacher's have no partner"
    if len(layers) > SHOWN_LAYERS and not every:
        caption += f"; {len(layers) - SHOWN_LAYERS} are not shown, --all shows them"
    caption += (
        "; own: of the teacher's tensors, by this layer alone; quantised: the teacher's tensor in the student's "
        "numbers; weight: the student's against the teacher's"
    )
    return Table(HEADER, tuple(_row(layer) for layer in shown), (caption,), alarm=alarm)


def decibels(value: float | None) -> str:
    """An SQNR as people read it.

    >>> decibels(6.0206), decibels(math.inf), decibels(None)
    ('6.021', 'exact', '')
    """
    if value is None:
        return ""
    return "exact" if value == math.inf else f"{value:.4g}"


def node_words(op_type: str, name: str) -> Line:
    """The operator, and the node's name where the file gives one."""
    return (Name(op_type), " ", Name(name)) if name else (Name(op_type),)


def _row(layer: LayerAgreement) -> Line:
    place = Name(layer.teacher), Name(layer.op_type or "input"), Name(layer.node)
    parts = decibels(layer.own_db), decibels(layer.quantised_db), decibels(layer.weight_db)
    if not layer.finite:
        return (*place, "NaN or infinity", *parts, "", "")
    return (*place, decibels(layer.sqnr_db), *parts, f"{layer.cosine:.6f}", f"{layer.max_abs:.4g}")


def parting_section(parting: Parting) -> Section:
    """Where they part, in words."""
    return Section("Where they part", tuple(_where(parting)), alarm=bool(parting.first or parting.behind))


def _where(parting: Parting) -> Iterator[Line]:
    limit = f"{parting.limit_db:g} dB"
    for one in parting.unlike_inputs:
        yield ("input ", Name(one.teacher), f" is not prepared alike for both: SQNR {decibels(one.sqnr_db)} dB")
    if parting.first is not None:
        yield (f"first under {limit}: ", *_tensor(parting.first), f", SQNR {parting.first.sqnr_db:.4g} dB")
        yield from _by_themselves(parting)
    elif parting.behind:
        yield (f"behind the last pair: none of {len(parting.layers)} pairs of inner tensors is where they part",)
    elif any(layer.sqnr_db < parting.limit_db for layer in parting.layers):
        yield (f"nowhere: what is under {limit} agrees again behind",)
    else:
        yield (f"nowhere: all {len(parting.layers)} pairs keep an SQNR of {limit}",)
    yield from _largest(parting)
    for tail in parting.behind:
        yield ("output ", Name(tail.teacher), f", SQNR {tail.sqnr_db:.4g} dB: ", *_made(tail))
    if parting.steepest is not None:
        yield ("steepest fall: ", *_tensor(parting.steepest), f", SQNR {parting.steepest.sqnr_db:.4g} dB")
    yield from _unfed(parting)


def _by_themselves(parting: Parting) -> Iterator[Line]:
    for layer in parting.damaged[:SHOWN_DAMAGED]:
        told = f", {decibels(layer.own_db)} dB of the teacher's tensors"
        weight = f", its weight {decibels(layer.weight_db)} dB" if layer.weight_db is not None else ""
        yield ("differs by itself: ", *_tensor(layer), told + weight, *_several(layer))
    if len(parting.damaged) > SHOWN_DAMAGED:
        yield (f"and {len(parting.damaged) - SHOWN_DAMAGED} more differ by themselves",)


def _largest(parting: Parting) -> Iterator[Line]:
    """The largest error of one layer, where none is under the limit by itself."""
    measured = [layer for layer in parting.layers if layer.own_db is not None and layer.own_db < math.inf]
    if measured and not parting.damaged:
        worst = min(measured, key=lambda layer: layer.own_db or 0.0)
        alone = f"no layer is under {parting.limit_db:g} dB by itself"
        adds = "" if not parting.first else f"{alone}; " if parting.unlike_inputs else f"{alone}: small errors add up; "
        told = f", {decibels(worst.own_db)} dB of the teacher's tensors"
        yield (f"{adds}the largest error of one layer: ", *_tensor(worst), told)


def _tensor(layer: LayerAgreement) -> Line:
    return ("tensor ", Name(layer.teacher), " (", *node_words(layer.op_type, layer.node), ")")


def _several(layer: LayerAgreement) -> Line:
    """The nodes of both, where a layer is more than one in the student or is other operators in the teacher."""
    ours, theirs = ([op_type for op_type, _ in nodes] for nodes in (layer.teacher_nodes, layer.nodes))
    if len(theirs) < 2 and ours == theirs:
        return ()
    return ("; the student makes it by ", *_nodes(layer.nodes), ", the teacher by ", *_nodes(layer.teacher_nodes))


def _made(tail: LayerAgreement) -> Line:
    """Who makes an output that differs behind the last pair."""
    ours = _nodes(tail.teacher_nodes) or ("nothing more",)
    return ("the student makes it by ", *(_nodes(tail.nodes) or ("nothing more",)), "; the teacher by ", *ours)


def _nodes(nodes: tuple[tuple[str, str], ...]) -> Line:
    parts: list[str] = []
    for op_type, name in nodes:
        parts += [*([", "] if parts else []), *node_words(op_type, name)]
    return tuple(parts)


def _unfed(parting: Parting) -> Iterator[Line]:
    for name, reason in parting.unfed[:SHOWN_DAMAGED]:
        yield ("not measured by itself: ", Name(name), ": ", Name(reason))
    if len(parting.unfed) > SHOWN_DAMAGED:
        yield (f"and {len(parting.unfed) - SHOWN_DAMAGED} more are not measured by themselves",)
