"""A function of the user's that changes outputs before they are compared, and what is gathered of errors for a page."""

from __future__ import annotations

import json
import py_compile
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

import rfonnx
import small_nets
from rfonnx.cli.main import run
from rfonnx.comparing.figures.pictures import CELLS, Pictures
from rfonnx.errors import DataError

QUICK = {"cost": False, "effective": False, "fields": False}
Arrays = dict[str, np.ndarray]


def nets() -> tuple[object, object]:
    net = small_nets.classifier()
    return net, small_nets.damaged(net, "w2", 1.3)


def test_what_the_hook_gives_is_compared() -> None:
    seen = []

    def best(outputs: Arrays, role: str) -> Arrays:
        seen.append((role, {name: array.shape for name, array in outputs.items()}))
        return {"best": np.sort(outputs["scores"])[::-1][:2]}

    found = rfonnx.compare(*nets(), samples=5, before=best, **QUICK)
    assert [output.teacher for output in found.outputs] == ["best"]
    assert seen == [("teacher", {"scores": (6,)}), ("student", {"scores": (6,)})] * 5
    assert found.hook.endswith("best")
    plain = rfonnx.compare(*nets(), samples=5, **QUICK).outputs[0].measures["max_abs"].value
    assert 0 < found.outputs[0].measures["max_abs"].value <= plain


def test_a_hook_may_treat_the_two_alike_though_they_are_not() -> None:
    """The student gives the scores twice as large, and the hook knows."""
    net = small_nets.classifier()
    double = small_nets.damaged(net, "w3", 2.0)
    halved = rfonnx.compare(
        net, double, samples=5, before=lambda out, role: {"s": out["scores"] / (2 if role == "student" else 1)}, **QUICK
    )
    assert halved.outputs[0].measures["max_abs"].value < 1e-5


def test_shapes_that_vary_by_sample_are_taken_one_by_one() -> None:
    def as_many_as(outputs: Arrays, role: str) -> Arrays:
        return {"s": np.repeat(outputs["scores"][:1], 1 + int(outputs["scores"][0] > 0))}

    found = rfonnx.compare(small_nets.classifier(), small_nets.classifier(), samples=12, before=as_many_as, **QUICK)
    assert (found.outputs[0].samples, found.outputs[0].measures["max_abs"].value) == (12, 0)


def fails(outputs: Arrays, role: str) -> Arrays:
    raise KeyError("boxes")


def leaves(outputs: Arrays, role: str) -> Arrays:
    raise SystemExit(0)


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def mute(outputs: Arrays, role: str) -> Arrays:
    raise Mute


def closes(outputs: Arrays, role: str) -> Arrays:
    raise GeneratorExit


class Unwilling:
    def __array__(self, *args: object, **options: object) -> np.ndarray:
        raise RuntimeError("not now")


def changing() -> Callable[[Arrays, str], Mapping[str, np.ndarray]]:
    calls = [0]

    def hook(outputs: Arrays, role: str) -> Arrays:
        calls[0] += 1
        return outputs if calls[0] <= 2 else {"other": outputs["scores"]}

    return hook


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        (fails, r"the hook fails on the teacher's outputs of sample 'random\[0\]' \(KeyError: 'boxes'\).*scores \[6\]"),
        (leaves, "the hook fails.*SystemExit"),
        (lambda out, role: out["scores"], "expected a dict of arrays"),
        (lambda out, role: {}, "expected a dict of arrays"),
        (lambda out, role: {"a": np.array(["text"])}, "expected numbers"),
        (mute, r"the hook fails.*\(Mute: Mute\)"),
        (closes, "the hook fails.*GeneratorExit"),
        (lambda out, role: {"a": [[1], [1, 2]]}, "no array as 'a' for the teacher on sample 'random.0.' .ValueError: "),
        (lambda out, role: {"a": Unwilling()}, "no array as 'a'.*RuntimeError: not now"),
        pytest.param(
            *(lambda out, role: {"a": np.zeros((1,) * 64)}, "64 axes as 'a'.*fewer than 64"),
            marks=pytest.mark.skipif(np.__version__ < "2", reason="numpy 1 has at most 32 axes"),
        ),
    ],
)
def test_what_a_hook_must_not_do(hook: Callable[..., object], told: str) -> None:
    with pytest.raises(DataError, match=told):
        rfonnx.compare(*nets(), samples=3, before=hook, **QUICK)


def test_other_names_on_each_side_are_paired_by_order_and_that_is_said() -> None:
    def named(out: Arrays, role: str) -> Arrays:
        return {role: out["scores"], f"{role} again": out["scores"]}

    found = rfonnx.compare(*nets(), samples=3, before=named, **QUICK)
    assert any("paired by their order" in warning for warning in found.warnings)


def test_a_hook_that_changes_its_names_ends_the_comparison_with_what_was_done() -> None:
    found = rfonnx.compare(*nets(), samples=3, batch=1, before=changing(), **QUICK)
    assert "the hook gave 'scores' before, and not on sample 'random[1]'" in found.incomplete
    assert found.samples.count == 1


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    return [str(small_nets.save(net, tmp_path / f"{name}.onnx")) for net, name in zip(nets(), "ab", strict=True)]


def test_the_command_line_runs_the_file_that_is_named(
    paths: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "decode.py").write_text("def top(outputs, role):\n    return {'top': outputs['scores'][:2]}\n")
    run(["compare", *paths, "--no-cost", "--no-effective", "--hook", f"{tmp_path / 'decode.py'}:top"])
    printed = capsys.readouterr().out
    assert "outputs were changed by top before they were compared" in printed


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("decode.py", "is not like FILE.py:FUNCTION"),
        ("{0}/none.py:top", "there is no file"),
        ("{0}/broken.py:top", r"fails \(ValueError: at import\)"),
        ("{0}/empty.py:top", "has no function 'top'"),
        ("{0}/empty.py:a b", "is not like FILE.py:FUNCTION"),
    ],
)
def test_wrong_hooks(
    paths: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str, told: str
) -> None:
    (tmp_path / "broken.py").write_text("raise ValueError('at import')\n")
    (tmp_path / "empty.py").write_text("top = 3\n")
    assert run(["compare", *paths, "--hook", word.format(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(told, line)


def test_a_hook_is_what_its_file_shows_and_nothing_is_left_beside_it(
    paths: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compiled file of a stranger's, which Python takes without a look at the source, is not run."""
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    hook = tmp_path / "decode.py"
    hook.write_text("def f(outputs, role):\n    raise ValueError('compiled')\n")
    planted = py_compile.compile(str(hook), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    hook.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass Box:\n    left: int\n"
        "def f(outputs, role):\n    return outputs\n"
    )
    command = ["compare", *paths, "--no-cost", "--no-effective", "--samples", "2", "--hook", f"{hook}:f"]
    run(command)
    assert "changed by f" in capsys.readouterr().out
    Path(planted).unlink()
    run(command)
    assert not list(Path(planted).parent.iterdir())


def test_a_configuration_runs_no_code(
    paths: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.py").write_text("open('ran', 'w')\ndef f(outputs, role):\n    return outputs\n")
    for key in ("hook", "before"):
        Path("rfonnx.toml").write_text(f"[compare]\n{key} = 'x.py:f'\n")
        assert run(["compare", *paths]) == 2
    assert not Path("ran").exists()


def test_each_model_has_its_provider(paths: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--teacher-provider", "--student-provider"):
        assert run(["compare", *paths, option, "nonesuch"]) == 2
        assert "provider 'nonesuch' is not in this build" in capsys.readouterr().err
    both = ["--teacher-provider", "cpu", "--student-provider", "cpu", "--provider", "nonesuch"]
    assert run(["compare", *paths, "--no-cost", *both]) == 1


# --- histograms and maps ------------------------------------------------------------------------------------------------


def test_the_histogram_counts_every_element() -> None:
    teacher = np.zeros((2, 5), "f")
    student = np.float32([[0, 0, 1, 1.5, 2], [0.25, 0.3, -1, -7, 0]])
    pictures = Pictures()
    pictures.add(teacher[:1], student[:1])
    pictures.add(teacher[1:], student[1:])
    found = pictures.histogram()
    assert found is not None
    assert (found.zeros, found.edges, found.counts) == (3, (0.25, 0.5, 1, 2, 4, 8), (2, 0, 3, 1, 1))


@pytest.mark.parametrize(
    "shape", [(5,), (64,), (65,), (1000,), (3, 5), (200, 3), (3, 130, 70), (2, 3, 4, 5), (129, 200)]
)
def test_the_map_is_the_mean_by_position(shape: tuple[int, ...]) -> None:
    draw = np.random.default_rng(0).standard_normal
    teacher, student = draw((4, *shape)), draw((4, *shape))
    pictures = Pictures()
    pictures.add(teacher[:1], student[:1])
    pictures.add(teacher[1:], student[1:])
    found = pictures.map()
    assert found is not None
    errors = np.abs(student - teacher).astype("f").mean(0, dtype=np.float64)
    others = tuple(axis for axis in range(len(shape)) if axis + 1 not in found.axes)
    errors = np.atleast_2d(errors.mean(others))
    cells = np.array(found.cells)
    assert cells.shape == tuple(min(CELLS, n) for n in (*([1] if len(shape) == 1 else []), *found.lengths))
    for (row, column), value in np.ndenumerate(cells):
        block = errors
        for axis, index in ((0, row), (1, column)):
            length = errors.shape[axis]
            if length > CELLS:
                block = block.take(range(index * length // CELLS, (index + 1) * length // CELLS), axis)
            else:
                block = block.take([index], axis)
        assert value == pytest.approx(block.mean(), rel=1e-3)


def test_they_stand_in_the_json_and_are_bounded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = small_nets.segmenter(size=(90, 300))
    other = small_nets.damaged(net, "w1", 1.1)
    words = [str(small_nets.save(one, tmp_path / f"{name}.onnx")) for one, name in ((net, "a"), (other, "b"))]
    run(["compare", *words, "--samples", "3", "--no-cost", "--no-effective", "--format", "json"])
    (output,) = json.loads(capsys.readouterr().out)["outputs"]
    assert sum(output["histogram"]["counts"]) + output["histogram"]["zeros"] == 3 * 4 * 90 * 300
    assert (output["heat"]["axes"], output["heat"]["lengths"], output["heat"]["samples"]) == ([2, 3], [90, 300], 3)
    assert [len(row) for row in output["heat"]["cells"]] == [64] * 64
    assert len(json.dumps(output["heat"])) < 2**16


def test_nothing_is_gathered_unless_it_is_asked_for() -> None:
    assert rfonnx.compare(*nets(), samples=2, **QUICK).outputs[0].histogram is None


@pytest.mark.parametrize("measure", ["field_ratio", "unseen_mass"])
def test_a_field_limit_of_what_a_hook_makes_is_missed(measure: str) -> None:
    def top(out: Arrays, role: str) -> Arrays:
        return {"top": out["scores"].argmax(keepdims=True)}

    found = rfonnx.compare(*nets(), samples=3, before=top, cost=False, output_limits={"top": {measure: 0.5}})
    (missed,) = (verdict for verdict in found.verdicts if verdict.asked)
    assert (missed.subject, missed.measure, missed.outcome) == ("top", measure, "missed")
    assert missed.reason.endswith("not measured: no window that both models have leads to it")
