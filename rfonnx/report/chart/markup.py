"""Elements of HTML and SVG as text. What is a name of the model is made visible, shortened and escaped; the rest is ours."""

from __future__ import annotations

from html import escape

from rfonnx.report.document import Line, Name
from rfonnx.report.escape import printable
from rfonnx.report.fitting import middle, shorten

ROOM = 48
"""Characters of a name that are shown, its middle left out."""


LONGEST_WORD, LONGEST_NAME = 64, 1000
"""Characters of a word in a name in running text that are shown, its middle left out, and of a whole name, which its tool tip
shows."""

VOID = ("img", "input")
"""Elements without an end."""


def tag(name: str, /, *children: str, **attributes: object) -> str:
    """An element. Children are markup; attributes are text or numbers, with "_" for "-" in their names, and "class_".

    >>> tag("rect", x=1.5, width=2, class_="bar")
    '<rect x="1.5" width="2" class="bar"></rect>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(printable(_value(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{given}/>" if name in VOID else f"<{name}{given}>{''.join(children)}</{name}>"


def words(*line: str, room: int = ROOM) -> str:
    """A line as text of an element."""
    return escape(
        "".join(middle(printable(part), room) if isinstance(part, Name) else printable(part) for part in line)
    )


def short(name: str) -> str:
    """A name in running text, visible: long words are shortened, so that sentences that hold names stay sentences."""
    return shorten(middle(name, LONGEST_NAME), LONGEST_WORD)


def whole(name: str) -> str:
    """A name as its tool tip shows it, visible."""
    return printable(middle(name, LONGEST_NAME))


def html_line(line: Line, room: int = ROOM) -> str:
    """A line with its names as code, which tell their whole length when pointed at."""
    return "".join(_code(part, room) if isinstance(part, Name) else words(part) for part in line)


def chart(width: float, height: float, label: str, *parts: str, kind: str = "", wide: bool = True) -> str:
    """A drawing in SVG. Its title is for those who cannot see it; a wide one is scrolled where the window is narrow.

    Args:
        width, height: in units of a page's pixel.
        label: what it shows, plain text.
        parts: its elements.
        kind: a class of its own.
        wide: it has letters that must not become small.
    """
    drawn = tag(
        "svg", tag("title", words(label)), *parts, viewBox=f"0 0 {width:g} {height:g}", role="img", class_=kind or None,
        width=f"{width:g}", height=f"{height:g}",
    )  # fmt: skip
    if not wide:
        return drawn
    return tag("div", drawn, class_="chart", tabindex=0, role="region", aria_label=label)


def hover(*line: str) -> str:
    """What an element says when it is pointed at."""
    return tag("title", words(*line, room=1000))


def text(x: float, y: float, *line: str, anchor: str | None = None, class_: str | None = None, room: int = ROOM) -> str:
    """Words in a drawing, at their baseline."""
    return tag("text", words(*line, room=room), x=x, y=y, text_anchor=anchor, class_=class_)


def rect(x: float, y: float, width: float, height: float, class_: str, *children: str) -> str:
    """A rectangle."""
    return tag("rect", *children, x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), class_=class_)


def path(way: str, class_: str, *children: str) -> str:
    """A line by its path."""
    return tag("path", *children, d=way, class_=class_)


def _code(name: str, room: int) -> str:
    whole, short = printable(name[:1000]), middle(printable(name), room)
    return tag("code", escape(short), title=whole if short != whole else None)


def _value(value: object) -> str:
    """Numbers to a hundredth: a drawing shows no more."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
