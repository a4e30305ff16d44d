"""What the README shows is what rfonnx prints."""

import re
from pathlib import Path

from click.testing import CliRunner

import rfonnx
from rfonnx.cli.main import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert found
    return found.group(1)


def test_the_report_ends_as_shown():
    printed = CliRunner().invoke(cli, ["report", str(ROOT / "models" / "resnet18.onnx")])
    assert printed.exit_code == 0
    assert printed.output.rstrip().endswith(block("text").rstrip())


def test_the_python_lines_give_what_their_comments_say(monkeypatch):
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"rfonnx": rfonnx}
    checked = 0
    for line in block("python").splitlines():
        code, _, comment = line.partition("  # ")
        if " = " in code:
            target, value = code.split(" = ", 1)
            names[target] = eval(value, names)  # noqa: S307  our own README
        elif comment.strip().startswith(("{", "AxisField")):
            shown = comment.strip().removesuffix(" ...)")
            assert repr(eval(code, names)).startswith(shown)  # noqa: S307
            checked += 1
    assert checked == 2
