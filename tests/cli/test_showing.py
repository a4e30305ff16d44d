"""What results show of themselves: in notebooks, as plain data, as pictures and files."""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rfonnx as package
from fake_analysis import hostile
from outcome import Outcome
from report.test_erf import HOSTILE, field, troubled
from rfonnx.errors import RfonnxError
from rfonnx.report.showing import analysis_html
from rfonnx.results.findings import CheckResult, Finding

Run = Callable[..., Outcome]
MODELS = Path(__file__).parents[2] / "models"
ALLOWED = {
    *(
        "div",
        "p",
        "strong",
        "br",
        "code",
        "ul",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "small",
        "pre",
        "span",
    ),
    *("details", "summary", "img"),
}


class Elements(HTMLParser):
    """Every element, closed in order, and all text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> Elements:
    found = Elements()
    found.feed(html)
    assert not found.open
    assert {tag for tag, _ in found.seen} <= ALLOWED
    for _, attributes in found.seen:
        assert set(attributes) <= {"title", "scope", "colspan", "style", "alt", "src"}
        assert attributes.get("style") in (None, "line-height:1.1")
        assert (attributes.get("src") or "data:").startswith("data:")
    return found


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    plan = package.tile(MODELS / "unet.onnx", size=(448, 512), tile=(256, 256))
    return {
        "analysis": package.analyze(MODELS / "unet.onnx"),
        "erf": package.erf(MODELS / "seed.onnx", n=2),
        "comparison": package.compare(MODELS / "seed.onnx", MODELS / "seed.onnx", samples=2, cost=False, pictures=True),
        "check": package.check(MODELS / "seed.onnx", ["causal", "field-minimum=4"]),
        "plan": plan,
        "verification": package.tile(MODELS / "superres.onnx").verify(),
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("analysis", "mask sees 188..204x188..204 of x (224x256): stride 1, padding 94, periodic"),
        ("erf", "effective field of pool in seed.onnx, over x"),
        ("comparison", "seed.onnx"),
        ("check", "field-minimum"),
        ("plan", "unet.onnx"),
        ("verification", "superres.onnx"),
    ],
)
def test_notebooks(name: str, words: str, shown: dict[str, Any]) -> None:
    html = shown[name]._repr_html_()
    assert words in parsed(html).text
    assert html.endswith("</div>\n")


def test_the_report_is_there_and_its_layers_are_folded(rfonnx: Run, shown: dict[str, Any]) -> None:
    """Every line that the command prints, but blanks."""
    found = parsed(shown["analysis"]._repr_html_())
    assert [tag for tag, _ in found.seen].count("details") == 1
    told = re.sub(r"\s", "", found.text)
    answers = rfonnx("report", MODELS / "unet.onnx", "--summary").out
    assert answers.count("\n") > 15
    for line in answers.splitlines():
        assert re.sub(r"\s", "", line) in told, line


def test_the_picture_of_a_field_is_in_it(shown: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    (image,) = [attributes for tag, attributes in parsed(shown["erf"]._repr_html_()).seen if tag == "img"]
    assert base64.b64decode(str(image["src"]).partition(",")[2]).startswith(b"\x89PNG")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    without = parsed(shown["erf"]._repr_html_())
    assert "img" not in [tag for tag, _ in without.seen]
    assert "pre" in [tag for tag, _ in without.seen]  # in characters
    with pytest.raises(RfonnxError, match="pictures need matplotlib"):
        shown["erf"].plot()


def test_hostile_names_are_text() -> None:
    finding = Finding("RF001", "causal", "error", "fail", HOSTILE + "<script>alert(1)</script>", HOSTILE)
    checked = CheckResult(HOSTILE + "<img src=x onerror=alert(1)>", (finding,), {})
    for html in (analysis_html(hostile()), troubled()._repr_html_(), checked._repr_html_()):
        found = parsed(html)
        assert "<script" not in html
        assert "\x1b" not in html
        assert "\u202e" not in html
        assert "\\x1b" in found.text
        assert all("onerror" not in attributes for _, attributes in found.seen)
    assert "<script>alert(1)</script>" in parsed(checked._repr_html_()).text


def test_plain_data_is_the_json_of_the_commands(rfonnx: Run, shown: dict[str, Any]) -> None:
    seed = MODELS / "seed.onnx"
    measured = rfonnx("erf", seed, "-n", 2, "--format", "json")
    assert shown["erf"].to_dict() == json.loads(measured.out)
    checked = rfonnx("check", seed, "--rule", "causal", "--rule", "field-minimum=4", "--format", "json")
    ours, theirs = shown["check"].to_dict(), json.loads(checked.out)
    assert ours["models"][0].pop("model") == str(seed)
    assert theirs["models"][0].pop("model") == str(seed)
    assert ours == theirs
    compared = rfonnx("compare", seed, seed, "--samples", 2, "--no-cost", "--format", "json")
    ours, theirs = shown["comparison"].to_dict(), json.loads(compared.out)
    assert list(ours) == list(theirs)
    assert ours == theirs


def test_an_empty_field_and_not_a_number(tmp_path: Path) -> None:
    empty = field(map=np.zeros((24, 32)), scale=0.0)
    assert empty.to_dict()["units"][0]["sigma"] == [None, None]
    assert "img" not in [tag for tag, _ in parsed(empty._repr_html_()).seen]
    empty.save(tmp_path / "empty.png")


def test_a_sentence_is_whole_and_a_long_name_is_shortened(shown: dict[str, Any]) -> None:
    (message,) = [one.message for one in shown["check"].findings if one.name == "causal"]
    assert len(message) > 60
    assert message in parsed(shown["check"]._repr_html_()).text
    long = parsed(field("layer/" * 500)._repr_html_())
    (name,) = [attributes["title"] for tag, attributes in long.seen if tag == "code" and attributes.get("title")]
    assert len(name or "") == 1000
    assert "layer/" * 20 not in long.text


def test_plot(shown: dict[str, Any]) -> None:
    from matplotlib.figure import Figure

    figure = shown["erf"].plot()
    assert isinstance(figure, Figure)
    assert "seed.onnx" in figure._suptitle.get_text()  # type: ignore[union-attr]


@pytest.mark.parametrize("ending", [".png", ".svg", ".npz", ".json", ".csv", ".md", ".txt", ".html"])
def test_save_writes_what_the_command_does(ending: str, rfonnx: Run, shown: dict[str, Any], tmp_path: Path) -> None:
    ours, theirs = tmp_path / f"ours{ending}", tmp_path / f"theirs{ending}"
    shown["erf"].save(ours)
    assert rfonnx("erf", MODELS / "seed.onnx", "-n", 2, "-o", theirs).code == 0
    if ending == ".npz":  # zip files hold times
        with np.load(ours, allow_pickle=False) as one, np.load(theirs, allow_pickle=False) as other:
            assert {name: one[name].tolist() for name in one} == {name: other[name].tolist() for name in other}
    else:
        assert ours.read_bytes() == theirs.read_bytes()
    shown["erf"].save(str(ours))  # a report of ours is replaced


def test_save_refuses(shown: dict[str, Any], tmp_path: Path) -> None:
    other = tmp_path / "photo.png"
    other.write_bytes(b"\x89PNG of somebody")
    with pytest.raises(
        RfonnxError, match=r"^file .*photo\.png exists and is no report of rfonnx, which alone are replaced"
    ):
        shown["erf"].save(other)
    assert other.read_bytes() == b"\x89PNG of somebody"
    with pytest.raises(RfonnxError, match=r"no format that is written here ends in \.jpg; end it in \.txt"):
        shown["erf"].save(tmp_path / "field.jpg")
    with pytest.raises(RfonnxError, match="there is no such folder"):
        shown["erf"].save(tmp_path / "none" / "field.png")
    assert list(tmp_path.iterdir()) == [other]
