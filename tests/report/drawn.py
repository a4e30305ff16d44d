"""Drawings of pages as trees, and numbers in them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET


def parsed(markup: str) -> ET.Element:
    """Markup that `rfonnx.report.chart` made; it is well-formed XML."""
    return ET.fromstring(f"<div>{markup}</div>")


def classed(element: ET.Element, name: str) -> list[ET.Element]:
    """The elements of a class, in order."""
    return [one for one in element.iter() if name in one.get("class", "").split()]


def numbers(way: str | None) -> list[float]:
    """The numbers of a path."""
    return [float(one) for one in re.findall(r"-?[\d.]+", way or "")]


def all_text(element: ET.Element) -> str:
    """What an element says, with everything inside it."""
    return "".join(element.itertext())
