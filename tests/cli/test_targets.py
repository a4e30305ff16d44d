"""What -o may write to and in which format: nothing of the user's is lost, no work is done in vain."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from outcome import Outcome
from rfonnx.errors import RfonnxError
from rfonnx.report.target import target

Run = Callable[..., Outcome]
FORMATS = {
    "report": ("txt", "json", "csv", "md"),
    "explain": ("txt", "json", "md"),
    "erf": ("txt", "json", "csv", "md", "npz", "png", "svg"),
    "compare": ("txt", "json", "md"),
    "check": ("txt", "json", "md", "xml", "sarif"),
    "ops": ("txt", "json", "md"),
}
BEGINNINGS = {
    "json": b"{", "csv": b"tensor,|name,", "md": b"# ", "npz": b"PK", "png": b"\x89PNG", "svg": b"<?xml", "xml": b"<?xml",
    "sarif": b'{\n "$schema"', "txt": b"",
}  # fmt: skip


def arguments(command: str, model: Path) -> list[object]:
    return {
        "report": ["report", model],
        "explain": ["explain", model, "--tensor", "pool"],
        "erf": ["erf", model, "-n", 1],
        "compare": ["compare", model, model, "--samples", 1, "--no-effective", "--no-cost"],
        "check": ["check", model, "--rule", "finite"],
        "ops": ["ops"],
    }[command]


def refused(done: Outcome) -> str:
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    return done.err


@pytest.fixture
def work(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a model in it."""
    monkeypatch.chdir(tmp_path)
    Path("m.onnx").write_bytes((models / "seed.onnx").read_bytes())
    return tmp_path


@pytest.mark.parametrize(("command", "ending"), [(name, one) for name, all_ in FORMATS.items() for one in all_])
def test_the_ending_says_what_is_written_and_a_report_is_replaced(
    command: str, ending: str, rfonnx: Run, models: Path, tmp_path: Path
) -> None:
    target = tmp_path / f"out.{ending}"
    for _ in range(2):  # the second replaces the first: it is known to be ours
        done = rfonnx(*arguments(command, models / "seed.onnx"), "-o", target)
        assert (done.code, done.out, done.err) == (0, "", "")
    content = target.read_bytes()
    assert content.startswith(tuple(BEGINNINGS[ending].split(b"|")))
    assert list(tmp_path.iterdir()) == [target]
    if ending == "npz":
        with np.load(target, allow_pickle=False) as arrays:
            assert arrays["map"].shape == (1, 32, 40)


def test_the_profile_of_layers_is_known_as_a_report(rfonnx: Run, models: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert rfonnx("erf", models / "seed.onnx", "-n", 1, "--all-layers", "-o", tmp_path / "a.csv").code == 0


@pytest.mark.parametrize("command", FORMATS)
def test_an_unknown_ending_is_refused(command: str, rfonnx: Run, work: Path) -> None:
    known = ", ".join(f".{ending}" for ending in FORMATS[command])
    told = refused(rfonnx(*arguments(command, Path("m.onnx")), "-o", "out.pdf"))
    assert "-o out.pdf: no format that is written here ends in .pdf; end it in " in told
    assert all(ending in told for ending in known.split(", "))
    assert not Path("out.pdf").exists()
    assert rfonnx(*arguments(command, Path("m.onnx")), "--format", "json", "-o", "out.log").code == 0
    assert json.loads(Path("out.log").read_text())["format"] == 1


def test_an_ending_that_contradicts_the_format_is_refused(rfonnx: Run, work: Path) -> None:
    told = refused(rfonnx("report", "m.onnx", "--format", "json", "-o", "out.md"))
    assert "a file that ends in .md holds markdown, and --format asks for json; leave --format out" in told
    assert refused(rfonnx("report", "m.onnx", "--format", "json", "-o", "out.png"))
    assert rfonnx("check", "m.onnx", "--rule", "finite", "--format", "sarif", "-o", "out.json").code == 0
    assert "sarif" in Path("out.json").read_text()


@pytest.mark.parametrize("file", ["report", "-", os.devnull])
def test_without_an_ending_the_format_is_asked_for_or_text(file: str, rfonnx: Run, work: Path) -> None:
    text = rfonnx("report", "m.onnx", "-o", file)
    assert text.code == 0
    asked = rfonnx("report", "m.onnx", "--format", "json", "-o", file)
    assert asked.code == 0
    if file == "-":
        assert text.out.startswith("m.onnx")
        assert json.loads(asked.out)["format"] == 1


def test_explanations_and_the_list_of_rules_go_into_files_too(rfonnx: Run, work: Path) -> None:
    assert rfonnx("check", "--list", "-o", "rules.md").out == ""
    assert "RF022" in Path("rules.md").read_text()
    assert rfonnx("check", "--explain", "RF004", "-o", "rule.txt").out == ""
    assert "Lookahead is delay" in Path("rule.txt").read_text()
    assert "--format json is not written here" in refused(rfonnx("check", "--list", "--format", "json"))


def external(work: Path, file: str) -> None:
    """e.onnx, whose weights lie in a file beside it."""
    model = onnx.load("m.onnx")
    onnx.save(model, "e.onnx", save_as_external_data=True, location=file, size_threshold=0)


@pytest.mark.parametrize("weights", ["e.bin", "e.json", "e.md", "e.txt", "e"])
@pytest.mark.parametrize("command", [name for name in FORMATS if name != "ops"])
def test_weights_are_never_overwritten(command: str, weights: str, rfonnx: Run, work: Path) -> None:
    external(work, weights)
    before = Path(weights).read_bytes()
    for style in ([], ["--format", "json"]):
        refused(rfonnx(*arguments(command, Path("e.onnx")), *style, "-o", weights))
    assert Path(weights).read_bytes() == before


def test_inputs_are_never_overwritten_even_where_they_are_reports(rfonnx: Run, work: Path) -> None:
    """An effective field as .npz is a report of ours, and may be given as samples."""
    np.savez("plain.npz", x=np.zeros((2, 3, 32, 40), np.float32))
    assert rfonnx("erf", "m.onnx", "-n", 1, "-o", "field.npz").code == 0
    for file in ("plain.npz", "field.npz"):
        before = Path(file).read_bytes()
        told = refused(rfonnx("erf", "m.onnx", "--data", file, "-o", file))
        assert told == f"rfonnx: error: -o {file} is an input of this run; give the report a file of its own\n"
        for args in (["compare", "m.onnx", "m.onnx"], ["check", "m.onnx"]):
            refused(rfonnx(*args, "--data", file, "--format", "json", "-o", file))
        assert Path(file).read_bytes() == before


def test_the_configuration_is_never_overwritten(rfonnx: Run, work: Path) -> None:
    Path("rfonnx.toml").write_text("[compare]\nsamples = 1\n")
    Path("other.json").write_text("[compare]\nsamples = 1\n")
    link = work / "link.json"
    link.symlink_to("rfonnx.toml")
    for args in (["compare", "m.onnx", "m.onnx"], ["check", "m.onnx"]):
        assert "is an input of this run" in refused(rfonnx(*args, "-o", "link.json"))
        option = "--config" if args[0] == "compare" else "--rules"
        assert "is an input of this run" in refused(rfonnx(*args, option, "other.json", "-o", "other.json"))
    assert Path("rfonnx.toml").read_text() == Path("other.json").read_text() == "[compare]\nsamples = 1\n"


def test_nothing_is_put_among_the_samples(rfonnx: Run, work: Path) -> None:
    Path("data/inner").mkdir(parents=True)
    np.save("data/a.npy", np.zeros((3, 32, 40), np.float32))
    for file in ("data/field.npz", "data/inner/field.png"):
        told = refused(rfonnx("erf", "m.onnx", "--data", "data", "-o", file))
        assert f"-o {file} is, or would be, one of the samples in data" in told
    assert rfonnx("erf", "m.onnx", "--data", "data", "-o", "data/field.json").code == 0
    assert rfonnx("erf", "m.onnx", "--data", "data", "-o", "field.npz").code == 0


@pytest.mark.parametrize(
    "content", ["# A readme about rfonnx 0.1.0\n", '{"rfonnx": "0.1.0"}\n', "\0" * 9000, "[tool.rfonnx]\n"]
)
@pytest.mark.parametrize("file", ["README.md", "a.json", "a.txt", "a.csv"])
def test_what_is_not_ours_is_left_alone(file: str, content: str, rfonnx: Run, work: Path) -> None:
    Path(file).write_text(content)
    told = refused(rfonnx("report", "m.onnx", "-o", file))
    assert told == (
        f"rfonnx: error: -o {file} exists and is no report of rfonnx, which alone are replaced; "
        "remove it first, or give another name\n"
    )
    assert Path(file).read_text() == content


def test_an_empty_file_is_filled(rfonnx: Run, work: Path) -> None:
    """As `mktemp` leaves them, and GitHub's step summary."""
    Path("summary").touch()
    assert rfonnx("report", "m.onnx", "--format", "markdown", "-o", "summary").code == 0
    assert Path("summary").read_text().startswith("# `m.onnx`")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_the_mode_is_kept(mode: int, rfonnx: Run, work: Path) -> None:
    Path("out.txt").touch()
    Path("out.txt").chmod(mode)
    assert rfonnx("report", "m.onnx", "-o", "out.txt").code == 0
    assert stat.S_IMODE(Path("out.txt").stat().st_mode) == mode


def test_a_file_that_may_not_be_written_to_stays(rfonnx: Run, work: Path) -> None:
    Path("out.txt").touch(mode=0o444)
    assert "-o out.txt may not be written to" in refused(rfonnx("report", "m.onnx", "-o", "out.txt"))


def test_links_in_a_circle_and_names_that_are_no_names(rfonnx: Run, work: Path) -> None:
    Path("a.txt").symlink_to("b.txt")
    Path("b.txt").symlink_to("a.txt")
    for file in ("a.txt", "x" * 5000 + ".txt", "d/" * 3000 + "a.txt", "new/", "a\0b.txt", "m.onnx/a.txt"):
        told = refused(rfonnx("report", "m.onnx", "-o", file))
        assert len(told) < 2100


@pytest.mark.parametrize("command", FORMATS)
def test_the_folder_is_looked_at_before_the_work(
    command: str, rfonnx: Run, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that cannot be read is not come to."""
    Path("m.onnx").write_bytes(b"no model")
    told = refused(rfonnx(*arguments(command, Path("m.onnx")), "-o", "no/such.txt"))
    assert "there is no such folder; choose a folder that exists and may be written to" in told
    monkeypatch.setattr(os, "access", lambda path, _: not Path(path).is_dir())
    told = refused(rfonnx(*arguments(command, Path("m.onnx")), "-o", "such.txt"))
    assert "its folder may not be written to" in told


def test_two_outputs_into_one_file(rfonnx: Run, work: Path) -> None:
    told = refused(rfonnx("check", "m.onnx", "--format", "json", "-o", "a.json", "--format", "sarif", "-o", "./a.json"))
    assert "two outputs go into one file" in told


def test_outputs_that_are_saved_are_no_report_though_neither_is_there_yet(work: Path) -> None:
    (work / "o.npz").symlink_to("o")
    with pytest.raises(RfonnxError, match=r"--save-outputs o\.npz is an input of this run"):
        target("o.npz", ["o"], "--save-outputs")


def test_a_disk_that_is_full_leaves_the_old_report(rfonnx: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rfonnx("report", "m.onnx", "-o", "a.txt").code == 0
    before = Path("a.txt").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "chmod", full)
    told = refused(rfonnx("report", "m.onnx", "-o", "a.txt"))
    assert "-o a.txt cannot be written: No space left on device" in told
    assert Path("a.txt").read_bytes() == before
    assert {path.name for path in work.iterdir()} == {"a.txt", "m.onnx"}
