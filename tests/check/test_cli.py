"""`rfonnx check` and `rfonnx compare` as commands: configuration, outputs, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import small_nets
from rfonnx.cli.check import outputs
from rfonnx.cli.main import run


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_files_belong_to_the_format_before_them() -> None:
    assert outputs(["m", "--format", "sarif", "-o", "a", "--format=text", "--format", "junit", "-ob"]) == [
        ("sarif", "a"), ("text", None), ("junit", "b"),
    ]  # fmt: skip
    assert outputs(["m", "-o", "a"]) == [(None, "a")]
    assert outputs(["m"]) == [(None, None)]


def test_several_formats_at_once(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = str(models / "seed.onnx")
    assert (
        run(
            [
                "check",
                seed,
                "--format",
                "json",
                "-o",
                "a.json",
                "--format",
                "github",
                "--format",
                "junit",
                "-o",
                "b.xml",
            ]
        )
        == 0
    )
    assert json.loads(Path("a.json").read_text())["passed"] is True
    assert Path("b.xml").read_text().startswith("<?xml")
    assert capsys.readouterr().out.startswith("rfonnx check: passed (")


@pytest.mark.parametrize("place", ["rfonnx.toml", "pyproject.toml"])
def test_rules_from_a_file(models: Path, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    prefix = "tool.rfonnx." if place == "pyproject.toml" else ""
    Path(place).write_text(
        f"[{prefix}check]\nfail-level = 'warning'\n[{prefix}check.rules]\nfield-minimum = {{ min = 6, tensor = 'pool' }}\n"
        "RF007 = { severity = 'warning' }\nfinite = false\n"
    )
    assert run(["check", str(models / "seed.onnx"), "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["fail_level"] == "warning"
    assert {f["rule"] for f in told["models"][0]["findings"]} >= {"RF001", "RF007"}
    assert "RF012" not in {f["rule"] for f in told["models"][0]["findings"]}
    assert run(["check", str(models / "inception.onnx"), "--rule", "aligned-joins"]) == 1
    assert run(["check", str(models / "inception.onnx"), "--rule", "aligned-joins", "--fail-level", "error"]) == 0


def test_what_was_finished_is_reported(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken.onnx").write_bytes(b"no model")
    assert run(["check", "broken.onnx", str(models / "seed.onnx"), "--format", "json"]) == 2
    told = capsys.readouterr()
    assert [model["passed"] for model in json.loads(told.out)["models"]] == [False, True]
    assert "broken.onnx" in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[check]\nfail_level = 'error'", "has 'fail_level', which means nothing here"),
        ("[check]\nfail-level = 'fatal'", "fail-level is 'fatal'"),
        ("[check.rules]\nnope = true", "there is no rule 'nope'"),
        ("[check]\nrules = 3", "rules is 3"),
        ("[check.shapes]\nx = 'big'", "x is 'big'"),
        ("[compare]\nkind = 'int4'", "kind is 'int4'"),
        ("[compare]\nbatch = 'two'", "batch is 'two', expected int"),
        ("[compare.limits]\nsqnr = 3", "has 'sqnr', which means nothing here"),
        ("[compare.teacher]\nsize = 'big'", "size is 'big', expected rows and columns"),
        ("[compare.teacher]\nmean = 'grey'", "mean is 'grey', expected numbers"),
        ("[compare.teacher]\nstd = 0", "std is 0, expected numbers"),
        ("[check", "is no TOML"),
    ],
)
def test_configurations_that_mean_nothing(
    models: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("rfonnx.toml").write_text(text)
    assert run(["check", str(models / "seed.onnx")]) == 2
    assert message in capsys.readouterr().err


def test_models_are_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.onnx", "b.onnx"):
        small_nets.save(small_nets.classifier(), tmp_path / name)
    before = Path("b.onnx").read_bytes()
    assert run(["compare", "a.onnx", "b.onnx", "--no-cost", "--no-effective", "--samples", "2", "-o", "b.onnx"]) == 2
    assert run(["check", "a.onnx", "b.onnx", "--rule", "finite", "-o", "b.onnx"]) == 2
    assert run(["check", "a.onnx", "--against", "b.onnx", "--rule", "finite", "-o", "b.onnx"]) == 2
    assert Path("b.onnx").read_bytes() == before


def test_explain_and_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--explain", "RF004"]) == 0
    assert "Lookahead is delay" in capsys.readouterr().out
    assert run(["check", "--list"]) == 0
    assert "RF022" in capsys.readouterr().out
    assert run(["check", "--explain", "RF999"]) == 2
    assert run(["check"]) == 2


def test_compare_exit_codes(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = models / "digits"
    options = ["--data", str(folder / "test.npz"), "--no-cost", "--no-effective", "--samples", "60"]
    teacher = str(folder / "teacher.onnx")
    assert run(["compare", teacher, str(folder / "student.onnx"), *options]) == 0
    assert "student.onnx against teacher.onnx: agrees" in capsys.readouterr().out
    assert run(["compare", teacher, str(folder / "twin.onnx"), *options, "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["passed"] is False
    assert (
        run(
            [
                "compare",
                teacher,
                str(folder / "twin.onnx"),
                *options,
                "--limit",
                "kl=off",
                "--limit",
                "calibration_difference=1",
            ]
        )
        == 0
    )
    assert run(["compare", teacher, "missing.onnx", *options]) == 2
    assert run(["compare", teacher, teacher, "--data", "missing"]) == 2


def test_compare_reads_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small_nets.save(small_nets.classifier(), tmp_path / "a.onnx")
    small_nets.save(small_nets.damaged(small_nets.classifier(), "w3", 1.01), tmp_path / "b.onnx")
    Path("rfonnx.toml").write_text(
        "[compare]\nsamples = 5\ncost = false\neffective = false\n[compare.limits]\n"
        "sqnr_db = 30\nsqnr_varying = 30\nsqnr_channel = 30\n"
    )
    assert run(["compare", "a.onnx", "b.onnx", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["samples"]["count"] == 5
    assert run(["compare", "a.onnx", "b.onnx", "--limit", "sqnr_db=60", "--format", "json"]) == 1


def test_compare_stops_at_a_broken_image_and_tells_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    from PIL import Image

    small_nets.save(small_nets.classifier(), Path("a.onnx"))
    Path("images").mkdir()
    for index in range(9):
        Image.new("RGB", (8, 8), (index, 9, 9)).save(f"images/{index}.png")
    Path("images/5.png").write_bytes(b"broken")
    assert run(["compare", "a.onnx", "a.onnx", "--data", "images", "--batch", "2", "--no-cost"]) == 2
    told = capsys.readouterr()
    assert "5 samples (from data)" in told.out
    assert "5.png" in told.err
    assert told.err.count("\n") == 1
    assert (
        run(["compare", "a.onnx", "a.onnx", "--data", "images", "--on-error", "skip", "--no-cost", "--no-effective"])
        == 0
    )
    assert "Skipped samples (1)" in capsys.readouterr().out
