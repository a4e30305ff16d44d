"""Which pairs under the limit are where two models part: those whose disagreement reaches an output."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from rfonnx.comparing.layers.wiring import Sources

INFINITE = float("inf")


def lasting(
    order: Sequence[str],
    figures: Mapping[str, float],
    before: Sources,
    limits: tuple[float, float],
    judged: Mapping[str, bool],
) -> set[str]:
    """Tensors under the limit that no tensor behind makes good again.

    A tensor recovers when every way from it to the end leads through one that agrees as outputs must, or ends in an output that
    was found to agree: it was paired with another one than it should be, or a factor that it lacks stands in the next weight.

    Args:
        order: paired tensors in topological order.
        figures: their SQNR in dB.
        before: paired tensors that each is computed from.
        limits: the SQNR under which a pair has parted, and the one that outputs need.
        judged: whether an output was found to agree; its SQNR, over unlike quantities, may hide what it misses.
    """
    behind: dict[str, list[str]] = {}
    for name in order:
        for source in before.get(name, ()):
            behind.setdefault(source, []).append(name)
    reached: dict[str, float] = {}
    found: set[str] = set()
    for name in reversed(order):
        later = min((reached[other] for other in behind.get(name, ())), default=-INFINITE)
        reached[name] = max(figures[name], later)
        if name in judged:
            reached[name] = INFINITE if judged[name] else -INFINITE
        agrees = judged.get(name, False) or later >= limits[1]
        if figures[name] < limits[0] and not agrees:
            found.add(name)
    return found


def computed_from(order: Sequence[str], before: Sources, causes: Collection[str]) -> set[str]:
    """Tensors that are computed from some, those themselves left out.

    Args:
        order, before: as for `lasting`.
        causes: those tensors.
    """
    found: set[str] = set()
    for name in order:
        if any(source in causes or source in found for source in before.get(name, ())):
            found.add(name)
    return found
