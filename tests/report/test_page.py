"""Pages: one file, nothing from outside, and what a stranger named shown as text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from html.parser import HTMLParser

import pytest

from report.hostile import HOSTILE
from rfonnx.report import formats
from rfonnx.report.document import Document, Fold, Name, Section, Table
from rfonnx.report.mark import is_report
from rfonnx.report.page import page as pages
from rfonnx.report.page.page import Page, Panel, Sheet, html_page, page


class Found(HTMLParser):
    """Elements, with their attributes, and the text of each kind."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        tag = self.elements[-1][0] if self.elements else ""
        self.text[tag] = self.text.get(tag, "") + data


def document(name: str) -> Document:
    line = (Name(name), " sees ", Name(name))
    section = Section("Outputs", (line,), alarm=True)
    drawn = Section("Picture", ((Name(name),),), picture=True)
    table = Table(
        ("name", "size"), ((Name(name), "3x3"), (Name(name), "5x5")), line, gap=1, elision="...", alarm=frozenset({0})
    )
    return Document((line, line), (section, drawn), (Fold("Layers", (table,)),))


def written(made: Page) -> str:
    return "".join(html_page(made))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_text(name: str) -> None:
    plain, hostile = (Found(written(page([document(word)]))) for word in ("conv1", name))
    of_names = {"span": "code"}  # which a name with blanks is shown as
    tags = [of_names.get(tag, tag) for tag, _ in hostile.elements]
    assert tags == [tag for tag, _ in plain.elements]
    for (_, ours), (_, theirs) in zip(plain.elements, hostile.elements, strict=True):
        assert set(theirs) - set(ours) <= {"title"}  # of a long name
    shown = "".join(hostile.text.get(tag, "") for tag in ("code", "span", "title"))
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert (
        len(written(page([document(name)]))) < len(written(page([document("conv1")]))) + 40_000
    )  # nine places, of which each shows 1,000 characters at most


def policy(text: str) -> dict[str, str]:
    [found] = [attrs for tag, attrs in Found(text).elements if attrs.get("http-equiv") == "Content-Security-Policy"]
    return dict(re.match(r"(\S+) (.*)", part).groups() for part in str(found["content"]).split("; "))  # type: ignore[union-attr, misc]


def sha(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_names_what_is_in_the_file_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SCRIPTS", {"one": ()})
    text = written(Page("x", (Sheet((("x",),), (Panel("one", "One", {"a": "</script>"}),)),)))
    found = policy(text)
    [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    [script] = re.findall(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    assert found == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "img-src": "data:",
        "style-src": sha(style),
        "script-src": sha(script),
    }
    assert policy(written(page([document("x")])))["script-src"] == "'none'"


def test_the_data_of_panels_lies_in_the_page_and_ends_no_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SCRIPTS", {"one": ()})
    data = {"a": HOSTILE}
    text = written(Page("x", (Sheet((("x",),), (Panel("one", "One", data),)),), {"shared": 1}))
    [packed] = re.findall(r'<script type="application/octet-stream" id="data">(.*?)</script>', text)
    assert json.loads(zlib.decompress(base64.b64decode(packed))) == {"model": {"shared": 1}, "panels": [data]}


def test_nothing_is_asked_of_others_and_no_style_or_handler_stands_in_an_element() -> None:
    """The policy would forbid it; the page would look broken."""
    for name in [
        "page.html",
        "page.js",
        "start.js",
        *pages.STYLES,
        *(one for some in pages.SCRIPTS.values() for one in some),
    ]:
        text = (pages.ASSETS / name).read_text()
        assert not re.search(
            r"\bfetch\(|XMLHttpRequest|@import|url\((?!data:)|\sstyle=\"|\son\w+=\"|innerHTML|eval\(", text
        ), name
        assert set(re.findall(r"https?://[\w./]+", text)) <= {"http://www.w3.org/2000/svg"}, name


def test_a_page_is_known_as_a_report_of_ours() -> None:
    text = written(page([document("x")])).encode()
    assert is_report(text[:2048], text[-64:])
    assert not is_report(b"<!doctype html>\n<html>", b"</html>")


def test_every_report_for_people_can_be_a_page() -> None:
    subjects = [one for one in vars(formats).values() if isinstance(one, formats.Subject) and "text" in one.formats]
    assert subjects
    assert all(one.formats[2] == "html" for one in subjects)
