"""What running showed of a plan of tiles, for people."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.report.document import Document, Line, Name, Section, Table
from rfonnx.results.plain import counted, shape_text
from rfonnx.results.verification import Difference, Opposite, SizeCheck, Verification

WRONG = {
    "halo": "a halo of {less} instead of {by}, {side}",
    "crop": "a crop that holds {by}, one step of the grid less, {side}",
    "grid": "a crop that begins {by} off the grid",
}


def verification_document(found: Verification) -> Document:
    """The verdict, a row for each size, and what must go wrong."""
    return Document(
        tuple(verification_head(found)), (*sizes_table(found), *_opposites_table(found), *verification_sections(found))
    )


def verification_head(found: Verification) -> Iterator[Line]:
    """The verdict, and what was run."""
    if found.identical:
        verdict = ": tiles are what the whole is, bit for bit"
    elif found.passed:
        verdict = ": tiles are what the whole is, but for rounding"
    elif found.reasons:
        verdict = ": nothing was verified"
    elif any(not size.skipped and not size.passed for size in found.sizes):
        verdict = ": tiles are not what the whole is"
    else:
        verdict = ": nothing was verified: there are no tiles at any size that was tried"
    yield (Name(found.model), verdict)
    if found.sizes:
        yield (found.samples,)


def sizes_table(found: Verification) -> Iterator[Table]:
    """A row for each size that was run."""
    run = [size for size in found.sizes if not size.skipped]
    if run:
        rows = tuple(_row(size) for size in run)
        alarm = frozenset(i for i, size in enumerate(run) if not size.passed)
        caption = "outside: whether anything that is kept changed when all outside a crop was replaced by large numbers"
        header = ("whole", "crop", "tiles", "run", "differ by at most", "outside")
        yield Table(header, rows, (caption,), alarm=alarm)


def _opposites_table(found: Verification) -> Iterator[Table]:
    if found.opposites:
        wrong = tuple(_wrong(one) for one in found.opposites)
        alarm = frozenset(i for i, one in enumerate(found.opposites) if not one.differs)
        caption = "each must differ, or the plan is not the least that does"
        yield Table(("input", "axis", "with", "differs by"), wrong, (caption,), alarm=alarm)


def _row(size: SizeCheck) -> tuple[str, ...]:
    worst = max(size.off.values(), key=lambda off: (not off.passed, off.share))
    leaks = f"changes {counted(len(size.leaks), 'tile')}" if size.leaks else "no change"
    return _shapes(size.shapes), _shapes(size.crops), str(size.tiles), str(size.run), _off(worst), leaks


def _shapes(shapes: object) -> Name:
    assert isinstance(shapes, dict)
    return Name(", ".join(f"{name} {shape_text(shape)}" for name, shape in shapes.items()))


def _off(off: Difference) -> str:
    if not off.largest:
        return "nothing"
    ulps = f", {off.ulps:.3g} ulp of it" if off.ulps else ""
    return f"{off.largest:.2g}: {off.share:.2g} of the largest value{ulps}"


def wrong_words(one: Opposite) -> str:
    """What was done that must go wrong."""
    return WRONG[one.kind].format(by=one.by, less=one.by - 1, side=one.side)


def _wrong(one: Opposite) -> tuple[str, ...]:
    if one.off is None:
        shown = "the model does not run so"
    elif one.differs:
        shown = f"{one.off.share:.2g} of the largest value"
    else:
        shown = "nothing more: the plan is not the least" if one.off.largest else "nothing: the plan is not the least"
    return Name(one.pair[0]), str(one.pair[1]), wrong_words(one), shown


def verification_sections(found: Verification) -> Iterator[Section]:
    """Why nothing was verified, and what was not run."""
    if found.reasons:
        yield Section("Why", tuple((Name(line),) for line in found.reasons), alarm=True)
    skipped = [size for size in found.sizes if size.skipped]
    if skipped:
        lines = tuple((_shapes(size.shapes), ": ", Name(size.skipped)) for size in skipped)
        yield Section("Not run", lines, alarm=not found.passed)
