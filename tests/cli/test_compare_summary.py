"""The one screen that a comparison prints: each line of it is a claim, held by running what it names."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

import small_nets
from outcome import Outcome

Call = Callable[..., Outcome]

SCREEN = 24


@pytest.fixture
def compare(rfonnx: Call) -> Call:
    return lambda *words: rfonnx("compare", *words, "--no-cost")


def section(text: str, heading: str) -> list[str]:
    _, _, rest = text.partition(f"\n{heading}\n")
    return [line.strip() for line in rest.split("\n\n")[0].splitlines()]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    net = small_nets.classifier()
    teacher = small_nets.save(net, tmp_path / "teacher.onnx")
    return teacher, small_nets.save(small_nets.damaged(net, "w2", 1.05), tmp_path / "student.onnx")


@pytest.mark.parametrize("student", ["student", "twin", "damaged", "teacher_int8", "teacher_fp16", "teacher"])
@pytest.mark.parametrize("options", [(), ("--layers",), ("--kind", "fp32")])
def test_it_fits_a_screen_and_begins_with_the_verdict(
    compare: Call, models: Path, student: str, options: tuple[str, ...]
) -> None:
    folder = models / "digits"
    done = compare(
        folder / "teacher.onnx", folder / f"{student}.onnx", "--data", folder / "test.npz", "--samples", 60, *options
    )
    lines = done.out.splitlines()
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= 160
    word = "agrees (all" if done.code == 0 else "DIFFERS ("
    assert lines[0].startswith(f"{student}.onnx against teacher.onnx: {word}")


def test_the_tables_are_behind_verbose(compare: Call, files: tuple[Path, Path]) -> None:
    short, long = compare(*files).out, compare(*files, "--verbose").out
    assert "--verbose shows" in short
    assert "95% interval" not in short
    assert "95% interval" in long
    assert "theoretical receptive fields" in long
    assert section(short, "Why") == section(long, "Why") != []
    assert set(short.splitlines()) - set(long.splitlines()) == {
        "--verbose shows every figure, the fields, and the cost"
    }


def test_all_shows_all_layers_and_the_tables(compare: Call, files: tuple[Path, Path]) -> None:
    shown = compare(*files, "--layers", "--all").out
    assert "95% interval" in shown
    assert "7 pairs of inner tensors" in shown


def test_markdown_folds_the_tables(compare: Call, files: tuple[Path, Path]) -> None:
    text = compare(*files, "--format", "markdown").out
    short, opened, rest = text.partition("<details><summary>")
    assert opened
    assert "|" not in short
    assert "| measure | value |" in rest
    assert text.count("<details>") == text.count("</details>") == 1
    # A blank line before and after HTML is what makes GitHub read Markdown inside it.
    assert "</summary>\n\n|" in text
    assert "\n\n</details>\n" in text
    assert "<details>" not in compare(*files, "--format", "markdown", "--verbose").out


def test_the_worst_sample_is_the_worst(compare: Call, files: tuple[Path, Path], tmp_path: Path) -> None:
    samples = np.random.default_rng(0).standard_normal((5, 3, 8, 8)).astype("f")
    samples[3] *= 0.01  # the least signal, for a damage that only changes weights: same ratio
    samples[2, :, 4:] = 0
    np.save(tmp_path / "x.npy", samples)
    done = compare(*files, "--data", tmp_path / "x.npy")
    named = re.search(r"^worst sample: (\S+), SQNR (\S+) dB \(scores\)$", done.out, re.MULTILINE)
    assert named
    each = {}
    for index in range(5):
        np.save(tmp_path / "one.npy", samples[index : index + 1])
        alone = compare(*files, "--data", tmp_path / "one.npy").out
        each[f"x.npy[{index}]"] = re.search(r"SQNR (\S+) dB", alone)[1]  # type: ignore[index]
    assert min(each.items(), key=lambda item: float(item[1])) == named.groups()


def test_the_advice_to_look_for_the_layer_names_the_damaged_one(compare: Call, files: tuple[Path, Path]) -> None:
    advice = section(compare(*files).out, "What to do")
    assert advice[0] == "find the layer where they part: give --layers as well"
    found = compare(*files, "--layers").out
    assert section(found, "What to do")[0] == "look at Conv conv2 of the student, which makes c2"
    assert re.search(r"^layer: Conv conv2 differs by itself: c2 ", found, re.MULTILINE)


def test_the_limits_that_are_advised_hold(compare: Call, files: tuple[Path, Path]) -> None:
    damaged = compare(*files, "--kind", "fp16")
    assert damaged.code == 1
    (line,) = [line for line in section(damaged.out, "What to do") if "--limit" in line]
    assert any(line.startswith("look at sample random[") for line in section(damaged.out, "What to do"))
    options = shlex.split(line.partition("say so: ")[2])
    assert compare(*files, "--kind", "fp16", *options).code == 0
    stricter = [re.sub(r"=(.*)", lambda found: f"={float(found[1]) + 0.1}", option) for option in options]
    assert compare(*files, "--kind", "fp16", *stricter).code == 1


def test_no_limit_is_advised_for_what_is_far_off(compare: Call, models: Path) -> None:
    folder = models / "digits"
    done = compare(folder / "teacher.onnx", folder / "damaged.onnx", "--data", folder / "test.npz")
    assert "--limit" not in done.out


def test_where_a_nan_begins_is_what_to_look_at(compare: Call, tmp_path: Path) -> None:
    nodes = [helper.make_node("Log", ["x"], ["l"], "log"), helper.make_node("Add", ["l", "l"], ["y"], "add")]
    net = small_nets.model(nodes, {"x": ("n", 4)}, {"y": ("n", 4)})
    other = onnx.ModelProto()
    other.CopyFrom(net)
    paths = [small_nets.save(m, tmp_path / f"{n}.onnx") for n, m in (("teacher", net), ("student", other))]
    np.save(tmp_path / "x.npy", np.float32([[1, 2, 3, 4], [1, -2, 3, 4]]))
    done = compare(*paths, "--data", tmp_path / "x.npy", "--task", "values")
    advice = section(done.out, "What to do")
    assert "look at what makes tensor l of the student: it is the first that is not finite on sample x.npy[1]" in advice


def test_a_field_that_ends_earlier_is_explained_by_the_command_that_is_named(
    compare: Call, rfonnx: Call, tmp_path: Path
) -> None:
    wide, narrow = small_nets.segmenter(size=(9, 9)), small_nets.segmenter(size=(9, 9))
    shrink = next(w for w in narrow.graph.initializer if w.name == "w1")
    weights = onnx.numpy_helper.to_array(shrink)[:, :, 1:2, 1:2]
    shrink.CopyFrom(onnx.numpy_helper.from_array(weights.copy(), "w1"))
    del narrow.graph.node[0].attribute[:]
    paths = [small_nets.save(m, tmp_path / f"{n}.onnx") for n, m in (("teacher", wide), ("student", narrow))]
    advice = section(compare(*paths, "--no-effective", "--kind", "fp32").out, "What to do")
    (line,) = [line for line in advice if "explain" in line]
    command = re.search(r"rfonnx (explain --tensor \S+)", line)
    assert command
    explained = rfonnx(*shlex.split(command[1]), paths[1])
    assert explained.code == 0


def test_random_samples_are_said_to_show_little(compare: Call, files: tuple[Path, Path]) -> None:
    assert any("--data" in line for line in section(compare(*files).out, "Warnings"))


@pytest.mark.parametrize(("student", "kind"), [("teacher_fp16", "fp16"), ("teacher_int8", "int8"), ("damaged", "")])
def test_the_kind_under_which_all_holds_is_named(compare: Call, models: Path, student: str, kind: str) -> None:
    folder = models / "digits"
    files = (folder / "teacher.onnx", folder / f"{student}.onnx", "--data", folder / "test.npz", "--samples", 60)
    text = compare(*files, "--kind", "fp32").out
    assert re.findall(r"say so with --kind (\w+): all figures hold then", text) == ([kind] if kind else [])
    if kind:
        assert compare(*files, "--kind", kind).code == 0


def test_no_kind_is_advised_against_limits_of_ones_own(compare: Call, models: Path) -> None:
    folder = models / "digits"
    files = (folder / "teacher.onnx", folder / "teacher_fp16.onnx", "--data", folder / "test.npz", "--samples", 60)
    done = compare(*files, "--kind", "fp32", "--limit", "sqnr_db=70")
    assert (done.code, "all figures hold" in done.out) == (1, False)


def test_what_is_exact_has_no_worst_sample(compare: Call, files: tuple[Path, Path]) -> None:
    assert "worst sample" not in compare(files[0], files[0]).out


def test_what_is_undecided_is_listed_and_as_many_samples_as_are_named_tell(
    compare: Call, models: Path, tmp_path: Path
) -> None:
    """The same samples again and again: the figure stays, and the interval shrinks."""
    folder = models / "digits"
    files = (folder / "teacher.onnx", folder / "student.onnx", "--kind", "fp16", "--limit", "sqnr_db=off")
    images = np.load(folder / "test.npz")["images"][:70]

    def told(count: int) -> Outcome:
        np.save(tmp_path / "x.npy", np.resize(images, (count, *images.shape[1:])))
        return compare(*files, "--no-effective", "--no-fields", "--data", tmp_path / "x.npy")

    first = told(70)
    assert (first.code, first.out.splitlines()[0].partition(": ")[2]) == (
        1,
        "UNDECIDED (70 samples are too few for any of 1 limits)",
    )
    (line,) = section(first.out, "Undecided")
    assert re.search(r"too few samples to tell: the 95% interval is [\d.]+% to [\d.]+%", line)
    (advised,) = section(first.out, "What to do")
    named = re.search(r"about (\d+) tell", advised)
    assert named
    enough = told(int(named[1]) * 4 // 3)
    assert enough.out.splitlines()[0].endswith("DIFFERS (1 of 1 limits missed)")


@pytest.mark.parametrize(("options", "advised"), [((), True), (("--layers",), False)])
def test_a_student_whose_weights_are_the_teachers_was_not_trained_anew(
    compare: Call, tmp_path: Path, options: tuple[str, ...], advised: bool
) -> None:
    net = small_nets.classifier(scale=0.3)
    files = [
        small_nets.save(m, tmp_path / f"{n}.onnx") for n, m in (("t", net), ("s", small_nets.damaged(net, "w3", 1.25)))
    ]
    done = compare(*files, *options, "--kind", "int8", "--task", "classifier")
    assert (done.code, "--kind distilled" in done.out) == (1, advised)


def test_weights_that_differ_may_have_been_trained_anew(compare: Call, tmp_path: Path) -> None:
    """Units in another order: the same function of other weights, but for the last layer's scale."""
    net = small_nets.classifier(scale=0.3)
    other = small_nets.damaged(net, "w3", 1.25)
    for tensor in other.graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        array = array[::-1] if tensor.name == "w3" else array[::-1, ::-1] if tensor.name == "w2" else array[::-1]
        tensor.CopyFrom(onnx.numpy_helper.from_array(array.copy(), tensor.name))
    files = [small_nets.save(m, tmp_path / f"{n}.onnx") for n, m in (("t", net), ("s", other))]
    done = compare(*files, "--layers", "--kind", "int8", "--task", "classifier")
    assert (done.code, "--kind distilled" in done.out) == (1, True)


def test_no_sample_is_the_worst_where_all_are_exact(compare: Call, tmp_path: Path) -> None:
    file = small_nets.save(small_nets.segmenter(size=(9, 9)), tmp_path / "t.onnx")
    done = compare(file, file, "--task", "segmentation")
    assert (done.code, "worst sample" in done.out) == (0, False)


@pytest.mark.parametrize(("options", "advised"), [((), True), (("--layers",), False)])
def test_one_layer_at_fault_is_not_half_precision(
    compare: Call, tmp_path: Path, options: tuple[str, ...], advised: bool
) -> None:
    """The damaged layer's share of the output is small, as behind a sum."""
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["left"], "left"),
        helper.make_node("MatMul", ["x", "b"], ["right"], "right"),
        helper.make_node("Add", ["left", "right"], ["y"], "add"),
    ]
    draw = np.random.default_rng(0).standard_normal
    weights = {"a": draw((4, 4)).astype("f"), "b": (draw((4, 4)) * 0.005).astype("f")}
    net = small_nets.model(nodes, {"x": ("n", 4)}, {"y": ("n", 4)}, weights)
    files = [
        small_nets.save(m, tmp_path / f"{n}.onnx") for n, m in (("t", net), ("s", small_nets.damaged(net, "b", 1.5)))
    ]
    done = compare(*files, *options, "--task", "values")
    assert (done.code, "--kind fp16" in done.out) == (1, advised)


def test_a_node_of_several_outputs_is_to_be_looked_at_once(compare: Call, tmp_path: Path) -> None:
    """TopK of the smallest: its values and its indices differ."""
    nodes = [
        helper.make_node("TopK", ["x", "k"], ["top", "at"], "top"),
        helper.make_node("Cast", ["at"], ["places"], "cast", to=1),
        helper.make_node("Add", ["top", "places"], ["y"], "add"),
    ]
    nets = [small_nets.model(nodes, {"x": ("n", 6)}, {"y": ("n", 3)}, {"k": np.array([3], np.int64)}) for _ in "ts"]
    nets[1].graph.node[0].attribute.append(helper.make_attribute("largest", 0))
    files = [small_nets.save(net, tmp_path / f"{name}.onnx") for net, name in zip(nets, "ts", strict=True)]
    advice = section(compare(*files, "--layers", "--task", "values").out, "What to do")
    looked = [line for line in advice if line.startswith("look at TopK top ")]
    assert len(looked) == 1


def test_a_nan_is_the_worst(compare: Call, tmp_path: Path) -> None:
    nets = [
        small_nets.model([helper.make_node(op, ["x"], ["y"])], {"x": ("n", 4)}, {"y": ("n", 4)})
        for op in ("Abs", "Sqrt")
    ]
    done = compare(*[small_nets.save(net, tmp_path / f"{index}.onnx") for index, net in enumerate(nets)])
    assert "worst sample: random[0], nan of the student (y)" in done.out


def test_empty_outputs_are_said_to_be(compare: Call, tmp_path: Path) -> None:
    nodes = [helper.make_node("Sub", ["x", "x"], ["z"]), helper.make_node("NonZero", ["z"], ["y"])]
    net = small_nets.model(nodes, {"x": (1, 4)}, {"y": (2, "k")}, {}, {"y": onnx.TensorProto.INT64})
    path = small_nets.save(net, tmp_path / "empty.onnx")
    assert "output 'y' was compared by its number of rows alone" in compare(path, path, "--samples", 3).out
