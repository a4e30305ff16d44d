"""What was searched for, and found; each proposal in the words of --set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rfonnx.report.document import Line, Name, Section
from rfonnx.results.plain import counted, percent
from rfonnx.results.variants import Target, Variant, set_option

WHAT = {
    "dilation": "a dilation 2, 4 or 8 times as large",
    "kernel": "a kernel longer by 2",
    "stride": "a stride removed",
}


def target_section(target: Target, before: Variant) -> Section:
    """The target, what was searched, and the proposals."""
    return Section(f"To see {percent(target.coverage)}", tuple(_lines(target, before)), alarm=not target.proven)


def _lines(target: Target, before: Variant) -> Iterator[Line]:
    yield (Name(target.tensor), f" sees {percent(target.before)} along the axis where it sees least")
    if target.before >= target.coverage:
        yield ("the target is reached as it is",)
        if any(one.tensor == target.tensor and one.field.kind == "global" for one in before.seen):
            yield (
                "every position of it sees the same (a pool, a gate or attention takes all together); --tensor names one before",
            )
        return
    if target.past is not None:
        most = f"; its middle position can see {percent(target.past)} at most" if target.past < target.coverage else ""
        yield (f"it sees the past alone: nothing with which it would see ahead is proposed{most}",)
    unfit = f"; {target.unfit} of them do not fit the model" if target.unfit else ""
    kinds = ", ".join(WHAT[kind] for kind in target.kinds)
    yield (f"searched: {counted(target.candidates, 'single change')} to convolutions and pools ({kinds}){unfit}",)
    if not target.proven:
        yield (f"the search ended after {counted(target.analysed, 'set')} of changes: others were not looked at",)
    if not target.proposals:
        reaches = "reaches it" if target.proven else "was found that reaches it"
        yield (f"no set of at most {counted(target.most, 'change')} {reaches}",)
    for one in target.proposals:
        yield (f"{one.name}: ", Name(_set(one)))


def _set(one: Variant) -> str:
    """The options that make a variant."""
    by_node: dict[str, dict[str, Sequence[int]]] = {}
    for change in one.changes:
        if not change.follows:
            by_node.setdefault(change.node, {})[change.attribute] = change.after
    return " ".join(set_option(name, values) for name, values in by_node.items())
