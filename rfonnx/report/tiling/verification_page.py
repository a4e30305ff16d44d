"""What running showed of a plan of tiles as a page: how far tiles are from the whole, beside what rounding may do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log10

from rfonnx.report.chart.markup import chart, html_line, path, rect, tag, words
from rfonnx.report.chart.scale import Scale
from rfonnx.report.document import Line, Name, Part
from rfonnx.report.page.page import Drawing, Page, Sheet
from rfonnx.report.tiling.verification import sizes_table, verification_head, verification_sections, wrong_words
from rfonnx.results.verification import Difference, Opposite, SizeCheck, Verification

WIDTH, HEIGHT = 280, 18

DECADES = (-6, 6)
"""Powers of ten of what rounding may do that a bar spans; what is beyond stands at the end."""


def verification_page(found: Verification) -> Page:
    """What the document says, and differences as bars."""
    rows = [row for size in found.sizes if not size.skipped for row in _sizes(size)]
    wrong = [_opposite(one) for one in found.opposites]
    parts: tuple[Part | Drawing, ...] = (
        *([Drawing("Tiles against the whole", table(rows))] if rows else []),
        *sizes_table(found),
        *([Drawing("What must go wrong, or the plan is not the least", table(wrong))] if wrong else []),
        *verification_sections(found),
    )
    return Page(f"tiles of {found.model}, verified", (Sheet(tuple(verification_head(found)), parts),))


def table(rows: Sequence[str]) -> str:
    """Rows of bars, and what they mean."""
    head = tag("tr", *(tag("th", cell, scope="col") for cell in ("what was run", "of", "difference", "in words")))
    drawn = tag("table", tag("thead", head), tag("tbody", *rows), class_="bars")
    caption = (
        "bars are logarithmic, a power of ten a step; the line is the largest difference that rounding is taken to make"
    )
    return tag("div", drawn, class_="scroll", tabindex=0) + tag("p", words(caption), class_="caption")


def _sizes(size: SizeCheck) -> Iterator[str]:
    for output, off in size.off.items():
        shapes = ", ".join("x".join(map(str, shape)) for shape in size.shapes.values())
        yield _row((f"{size.run} of {size.tiles} tiles of {shapes}",), output, off, off.passed)


def _opposite(one: Opposite) -> str:
    return _row((wrong_words(one), f", axis {one.pair[1]}"), one.pair[0], one.off, one.differs)


def _row(what: Line, of: str, off: Difference | None, fine: bool) -> str:
    cells = (
        tag("td", html_line(what)),
        tag("td", html_line((Name(of),))),
        tag("td", "" if off is None else bar(off, fine)),
        tag("td", words(_told(off))),
    )
    return tag("tr", *cells, class_=None if fine else "alarm")


def _told(off: Difference | None) -> str:
    if off is None:
        return "the model does not run so"
    return f"{off.share:.2g} of the largest value" if off.largest else "nothing, bit for bit"


def bar(off: Difference, fine: bool) -> str:
    """The difference over what rounding may do, by its logarithm; no bar where there is none."""
    scale = Scale(*DECADES, 1, WIDTH - 1)
    parts = [rect(0.5, 2.5, WIDTH - 1, HEIGHT - 5, "track")]
    parts += [path(f"M{scale.at(decade):.1f} 3V{HEIGHT - 3}", "grid") for decade in range(DECADES[0] + 1, DECADES[1])]
    if off.largest:
        end = scale.at(log10(off.largest / off.allowed)) if off.allowed else scale.end
        parts.append(rect(1, 4, end - 1, HEIGHT - 8, "fill" if fine else "fill bad"))
    parts.append(path(f"M{scale.at(0):.1f} 0V{HEIGHT}", "limit"))
    return chart(WIDTH, HEIGHT, _told(off), *parts, wide=False)
