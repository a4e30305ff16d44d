"""What the README shows is what rfonnx prints."""

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import rfonnx
from rfonnx.cli.commands import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def block(language: str, number: int = 0) -> str:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return found[number]


def test_the_report_begins_as_shown():
    printed = CliRunner().invoke(cli, ["report", str(ROOT / "models" / "resnet18.onnx")])
    assert printed.exit_code == 0
    assert printed.output.startswith(block("text"))


def test_the_effective_field_is_measured_as_shown(monkeypatch):
    monkeypatch.chdir(ROOT)
    command = re.search("`rfonnx (erf .*?)` prints", README)
    assert command
    printed = CliRunner().invoke(cli, command.group(1).split())
    assert printed.exit_code == 0
    found = {words(line): numbers(line) for line in printed.output.splitlines()}
    for line in block("text", 1).splitlines():  # another processor may round the last digits otherwise
        assert numbers(line) == pytest.approx(found[words(line)], rel=0.01), line


def test_the_index_lists_every_page_once_and_no_other():
    index = ROOT / "docs" / "index.md"
    listed = [(index.parent / link).resolve() for link in re.findall(r"\]\(([^)]+)\)", index.read_text())]
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "models").rglob("*.md")]
    assert sorted(listed) == sorted(page for page in pages if page != index)
    assert "(docs/index.md)" in README


NUMBER = re.compile(r"\d+(?:\.\d+)?")


def words(line: str) -> str:
    return " ".join(NUMBER.sub("#", line).split())


def numbers(line: str) -> list[float]:
    return [float(number) for number in NUMBER.findall(line)]


def test_the_page_on_effective_fields_names_every_option():
    page = (ROOT / "docs" / "erf.md").read_text()
    command = cli.get_command(click.Context(cli), "erf")
    assert isinstance(command, click.Command)
    for option in (one for one in command.params if isinstance(one, click.Option)):
        names = [*option.opts, *option.secondary_opts]
        assert any(re.search(rf"[` ]{name}\b", page) for name in names), names


def test_training_for_a_near_task_keeps_the_field_and_for_a_far_one_widens_it():
    folder = ROOT / "models" / "digits_erf"
    before, near, far = (
        rfonnx.erf(folder / f"{name}.onnx", channel="random", data=str(folder / "canvases.npz"), n=128)
        for name in ("untrained", "near", "far")
    )
    assert before.field == near.field == far.field == ((2, 32), (2, 32))
    assert 0.8 * before.luo_size < near.luo_size < before.luo_size
    assert far.luo_size > 1.4 * before.luo_size
    assert min(far.sigma) > 1.3 * max(before.sigma)
    assert before.outside == near.outside == far.outside == 0


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
