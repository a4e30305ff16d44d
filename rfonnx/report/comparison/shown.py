"""The samples that fare worst, as cards: what went in, and what both models say of it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rfonnx.report.chart.markup import html_line, tag, words
from rfonnx.report.comparison.summary import told
from rfonnx.report.document import Line, Name
from rfonnx.results.agreement import Answer, ShownSample
from rfonnx.results.comparison import Comparison
from rfonnx.results.measures import MEASURES

SIZE = 112
"""Pixels of a picture on the page."""

PICTURES = ("teacher", "student", "difference")

MODELS = (("teacher", "first"), ("student", "second"))


def sample_cards(found: Comparison) -> str:
    """A card per sample, worst first; "" where none were kept."""
    if not found.shown:
        return ""
    several = len(found.outputs) > 1
    caption = "pictures: as the teacher is given them, from their least value (black) to their largest (white)"
    cards = tag("div", *(_card(sample, several) for sample in found.shown), class_="cards")
    return cards + tag("p", words(caption), class_="caption")


def _card(sample: ShownSample, several: bool) -> str:
    label = "" if sample.label is None else f", class {sample.label}"
    parts = [tag("h3", html_line((Name(sample.sample), label)))]
    pictures = [_picture(address, f"input {name}") for name, address in sample.pictures.items()]
    pictures += [part for answer in sample.answers for part in _outputs(answer, several)]
    answers = [part for answer in sample.answers for part in _choices(answer, sample.label, several)]
    parts.append(tag("div", *pictures, tag("div", *answers, class_="answers"), class_="row"))
    parts.append(tag("ul", *_figures(sample, several)))
    return tag("section", *parts, class_="card")


def _figures(sample: ShownSample, several: bool) -> Iterator[str]:
    for output, measure, value in sample.figures:
        of = (" (", Name(output), ")") if several else ()
        known = told(measure, value) if measure in MEASURES and not math.isnan(value) else "a NaN or an infinity"
        yield tag("li", html_line((known, *of)))


def _picture(address: str, name: str) -> str:
    image = tag(
        "img",
        src=address,
        alt=name[:100],
        width=SIZE,
    )
    return tag("figure", image, tag("figcaption", html_line((Name(name),), 20)))


def _outputs(answer: Answer, several: bool) -> Iterator[str]:
    for name, address in zip(PICTURES, answer.pictures, strict=False):
        yield _picture(address, f"{name} ({answer.output})" if several else name)


def _choices(answer: Answer, label: int | None, several: bool) -> Iterator[str]:
    for (model, kind), classes in zip(MODELS, (answer.teacher, answer.student), strict=True):
        if classes:
            rows = [_class(number, share, kind, number == label) for number, share in classes]
            said: Line = (model, " (", Name(answer.output), ")") if several else (model,)
            yield tag("div", tag("p", html_line(said, 20), class_="caption"), *rows, class_="classes")


def _class(number: int, share: float, kind: str, right: bool) -> str:
    """A class with a bar as long as its probability."""
    bar = tag(
        "svg", tag("rect", width=60 * share, height=8, class_=f"fill {kind}"), width=60, height=8, aria_hidden="true"
    )
    told = tag("span", words(f"class {number}", " (true)" if right else ""))
    return tag("div", told, bar, tag("span", words(f"{100 * share:.1f}%")), class_="class")
