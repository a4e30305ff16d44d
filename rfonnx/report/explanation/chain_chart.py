"""What each operator on the chain added to a field, as columns from the size before it to the size behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rfonnx.report.chart.markup import chart, hover, html_line, path, rect, tag, text, words
from rfonnx.report.chart.scale import Scale, rows
from rfonnx.report.document import Line, Name, number
from rfonnx.report.explanation.chains import Chain, Explanation
from rfonnx.report.explanation.growth import cause_words, shares
from rfonnx.results.fields import ExplainStep
from rfonnx.results.plain import axes_text

NARROWEST, WIDEST, HEIGHT = 480, 1200, 240
"""Units of a chart: as wide as its columns need."""

LEFT, RIGHT, TOP, BOTTOM = 52, 16, 20, 32
COLUMN = 44
"""Units of a column, at most."""

MOST = 400
"""Columns that are drawn: of more steps, the largest ones."""

CAUSES = ("kernel", "pooling", "upsampling", "global", "block", "join", "other")
"""Of steps, in the order of the legend."""


def chain_charts(told: Explanation) -> str:
    """A chart per chain; "" where no field grew."""
    grown = [chain for chain in told.chains if any(step.added for step in chain.steps)]
    return tag("div", *(_figure(chain, _length(told, chain)) for chain in grown), class_="maps") if grown else ""


def _length(told: Explanation, chain: Chain) -> int | None:
    shape = told.input_shapes.get(chain.input)
    return None if shape is None else shape[chain.axes[0]]


def _figure(chain: Chain, length: int | None) -> str:
    steps, told_less = _largest([step for step in chain.steps if step.added])
    present = [cause for cause in CAUSES if any(_cause(step) == cause for step in steps)]
    legend = [tag("span", words(cause_words(cause)), class_=f"cause-{cause}") for cause in present]
    made = f", {axes_text(chain.axes)}: {shares(chain.steps)}{told_less}"
    caption = tag("figcaption", html_line((Name(chain.input), made)))
    return tag("figure", tag("p", *legend, class_="legend"), _chart(steps, length), caption, class_="map")


def _largest(steps: Sequence[ExplainStep]) -> tuple[Sequence[ExplainStep], str]:
    """At most `MOST` steps, in order, and what is left out, in words."""
    if len(steps) <= MOST:
        return steps, ""
    least = sorted((abs(step.added) for step in steps), reverse=True)[MOST - 1]
    kept = [step for step in steps if abs(step.added) >= least][:MOST]
    return kept, f"; {len(steps) - len(kept)} smaller steps are not drawn"


def _chart(steps: Sequence[ExplainStep], length: int | None) -> str:
    sizes = [size for step in steps for size in (step.size, step.size - step.added)]
    up = Scale(0, max([*sizes, *([length] if length else [])]), HEIGHT - BOTTOM, TOP)
    width = min(max(NARROWEST, LEFT + RIGHT + COLUMN * len(steps)), WIDEST)
    wide = min(COLUMN, (width - LEFT - RIGHT) / len(steps))
    parts = [*rows(up, LEFT, width - RIGHT), text(4, 12, "size of the field", class_="muted")]
    for at, step in enumerate(steps):
        parts.append(_column(step, LEFT + at * wide, wide, up))
    parts += _input_line(length, up, width - RIGHT)
    parts.append(text(LEFT, HEIGHT - 8, "operators that change it, from input to tensor", class_="muted"))
    label = f"the field grows to {steps[-1].size} in {len(steps)} steps"
    return chart(width, HEIGHT, label, *parts)


def _column(step: ExplainStep, x: float, wide: float, up: Scale) -> str:
    """From the size before to the size behind; what shrinks the field is hollow."""
    top, bottom = sorted((up.at(step.size), up.at(step.size - step.added)))
    gap = min(2.0, wide / 5)
    kind = f"step cause-{_cause(step)}" + ("" if step.added > 0 else " less")
    return rect(x + gap / 2, top, wide - gap, max(bottom - top, 1.0), kind, hover(*_told(step)))


def _cause(step: ExplainStep) -> str:
    return step.cause if step.cause in CAUSES else "other"


def _told(step: ExplainStep) -> Line:
    window = f", kernel {step.kernel}, jump {number(step.jump)}" if step.kernel > 1 else ""
    made = f"): {step.added:+d} to {step.size}; {cause_words(step.cause)}{window}"
    return (Name(step.tensor), " (", Name(step.op_type), made)


def _input_line(length: int | None, up: Scale, right: float) -> Iterator[str]:
    if length:
        y = up.at(length)
        yield path(f"M{LEFT} {y:.1f}H{right:g}", "limit")
        yield text(right, y - 5, f"the input: {length}", anchor="end", class_="limit-text")
