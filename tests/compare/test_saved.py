"""Outputs saved and compared again, without the models."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rfonnx
import small_nets
from rfonnx.errors import DataError, QueryError
from rfonnx.results.comparison import Comparison

QUICK = {"cost": False, "effective": False, "fields": False}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    net = small_nets.classifier()
    teacher = small_nets.save(net, tmp_path / "teacher.onnx")
    student = small_nets.save(small_nets.damaged(net, "w2", 1.05), tmp_path / "student.onnx")
    images = np.random.default_rng(0).standard_normal((21, 3, 8, 8)).astype("f")
    np.savez(tmp_path / "x.npz", x=images, labels=np.arange(21) % 6)
    return teacher, student, tmp_path / "x.npz"


@pytest.fixture
def saved(files: tuple[Path, Path, Path], tmp_path: Path) -> Path:
    rfonnx.compare(*files, save_outputs=tmp_path / "o.npz", **QUICK)
    return tmp_path / "o.npz"


def figures(found: Comparison) -> dict[str, Any]:
    (output,) = found.outputs
    return {"samples": output.samples, "measures": output.measures, "worst": output.worst}


def test_numpy_reads_what_the_models_gave(files: tuple[Path, Path, Path], saved: Path) -> None:
    from rfonnx.model.runtime import open_session

    with np.load(files[2]) as arrays:
        images = arrays["x"]
    with np.load(saved, allow_pickle=False) as arrays:
        assert sorted(arrays) == ["labels", "provenance", "samples", "student/scores", "teacher/scores"]
        for role, path in (("teacher", files[0]), ("student", files[1])):
            made = open_session(path).run(None, {"x": images})[0]
            assert arrays[f"{role}/scores"].dtype == np.float32
            np.testing.assert_allclose(arrays[f"{role}/scores"], made, rtol=1e-4, atol=1e-5)
        assert arrays["samples"].tolist() == [f"x.npz[{index}]" for index in range(21)]
        assert arrays["labels"].tolist() == (np.arange(21) % 6).tolist()
        told = json.loads(str(arrays["provenance"][0]))
    assert told["teacher"]["name"] == "teacher.onnx"
    assert told["student"]["sha256"] == __import__("hashlib").sha256(files[1].read_bytes()).hexdigest()
    assert told["student"]["rfonnx"] == rfonnx.__version__


@pytest.mark.parametrize("given", ["teacher", "student", "both"])
def test_saved_outputs_give_the_figures_that_the_models_gave(
    files: tuple[Path, Path, Path], saved: Path, given: str
) -> None:
    whole = rfonnx.compare(*files, kind="fp32", **QUICK)
    pair = [
        saved if given in (role, "both") else path for role, path in zip(("teacher", "student"), files[:2], strict=True)
    ]
    again = rfonnx.compare(*pair, None if given == "both" else files[2], kind="fp32", **QUICK)
    assert figures(again) == figures(whole)
    assert [v.outcome for v in again.verdicts] == [v.outcome for v in whole.verdicts]
    assert set(again.saved) == ({"teacher", "student"} if given == "both" else {given})
    assert not again.samples.random
    name = "teacher.onnx" if given in ("teacher", "both") else "student.onnx"
    assert any(f"'{name}', SHA-256 " in told for told in again.saved.values())


def test_arrays_of_another_runtime_are_taken_as_they_are(
    files: tuple[Path, Path, Path], saved: Path, tmp_path: Path
) -> None:
    with np.load(saved) as arrays:
        np.savez(tmp_path / "torch.npz", scores=arrays["student/scores"])
    found = rfonnx.compare(files[0], tmp_path / "torch.npz", files[2], kind="fp32", **QUICK)
    assert figures(found) == figures(rfonnx.compare(*files, kind="fp32", **QUICK))
    assert found.saved == {"student": "saved in 'torch.npz', which does not say by what"}


def test_what_needs_the_models_is_said_and_refused_where_it_is_asked_for(
    files: tuple[Path, Path, Path], saved: Path
) -> None:
    found = rfonnx.compare(saved, files[1], files[2])
    assert (found.fields, found.costs, found.parting, found.kind) == ((), None, None, "fp32")
    assert "strictest" in found.kind_reason
    with pytest.raises(QueryError, match="--layers needs both models"):
        rfonnx.compare(saved, files[1], files[2], layers=True)
    with pytest.raises(QueryError, match="field_ratio needs both models"):
        rfonnx.compare(saved, files[1], files[2], limits={"field_ratio": 1.0})
    with pytest.raises(QueryError, match="field_ratio needs both models"):
        rfonnx.compare(saved, saved, output_limits={"scores": {"field_ratio": 1.0}})
    for option in ({"values": {"q": 1}}, {"shapes": {"q": 1}}, {"batch_axes": {"q": 0}}, {"inputs": {"q": "q"}}):
        with pytest.raises(QueryError, match=r"--[a-z-]+ is given for 'q', and both sides are saved outputs"):
            rfonnx.compare(saved, saved, **option)


def test_saved_outputs_are_saved_again_with_what_is_known_of_them(
    files: tuple[Path, Path, Path], saved: Path, tmp_path: Path
) -> None:
    rfonnx.compare(saved, files[1], files[2], save_outputs=tmp_path / "again.npz", **QUICK)
    with np.load(saved) as old, np.load(tmp_path / "again.npz") as new:
        told = [json.loads(str(arrays["provenance"][0])) for arrays in (old, new)]
    assert told[0] == told[1]
    rfonnx.compare(*files[:2], seed=7, save_outputs=tmp_path / "random.npz", **QUICK)
    rfonnx.compare(*[tmp_path / "random.npz"] * 2, save_outputs=tmp_path / "random2.npz")
    with np.load(tmp_path / "random2.npz") as arrays:
        assert json.loads(str(arrays["provenance"][0]))["seed"] == 7


def test_labels_beside_saved_outputs_may_be_one_hot(tmp_path: Path) -> None:
    scores = np.eye(4, dtype=np.float32)[[0, 1, 2, 3]]
    np.savez(tmp_path / "x.npz", scores=scores, labels=np.eye(4)[[0, 1, 2, 0]])
    (found,) = rfonnx.compare(tmp_path / "x.npz", tmp_path / "x.npz").outputs
    assert found.measures["accuracy_teacher"].value == 0.75


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"scores": np.zeros((3, 4), "f"), "labels": np.zeros((3, 3))}, "no one-hot row"),
        ({"scores": np.zeros((3, 4), "f"), "labels": np.array([0.5, 1, 2])}, "no number of a class"),
        ({"scores": np.zeros((0, 4), "f")}, "holds the outputs of no sample"),
    ],
)
def test_saved_arrays_that_cannot_be(arrays: dict[str, np.ndarray], told: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(DataError, match=told):
        rfonnx.compare(tmp_path / "x.npz", tmp_path / "x.npz")


def test_samples_must_be_those_that_were_saved(files: tuple[Path, Path, Path], saved: Path, tmp_path: Path) -> None:
    other = tmp_path / "y.npz"
    other.write_bytes(files[2].read_bytes())
    with pytest.raises(DataError, match=r"has sample 'x.npz\[0\]' where the other side has 'y.npz\[0\]'"):
        rfonnx.compare(saved, files[1], other, **QUICK)
    found = rfonnx.compare(saved, files[1], files[2], samples=7, **QUICK)
    assert (found.samples.count, found.incomplete) == (7, "")
    fewer = tmp_path / "few" / "x.npz"
    fewer.parent.mkdir()
    with np.load(files[2]) as arrays:
        np.savez(fewer, x=arrays["x"][:9])
    found = rfonnx.compare(saved, files[1], fewer, **QUICK)
    assert "saved outputs of 12 more samples were not compared" in found.warnings
    short = tmp_path / "short.npz"
    rfonnx.compare(*files, samples=16, save_outputs=short, **QUICK)
    found = rfonnx.compare(short, files[1], files[2], **QUICK)
    assert found.samples.count == 16
    assert "has 16 samples, and none for 'x.npz[16]'" in found.incomplete


def test_skipped_samples_are_passed_over(tmp_path: Path, files: tuple[Path, Path, Path]) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    for index in range(6):
        np.save(folder / f"{index}.npy", np.random.default_rng(index).standard_normal((3, 8, 8)).astype("f"))
    rfonnx.compare(files[0], files[1], folder, save_outputs=tmp_path / "o.npz", **QUICK)
    (folder / "2.npy").write_bytes(b"broken")
    found = rfonnx.compare(tmp_path / "o.npz", files[1], folder, on_error="skip", **QUICK)
    assert (found.samples.count, len(found.samples.skipped), found.incomplete) == (5, 1, "")
    assert found.passed is False
    same = rfonnx.compare(tmp_path / "o.npz", files[0], folder, on_error="skip", **QUICK)
    assert same.outputs[0].measures["max_abs"].value < 1e-5


@pytest.mark.parametrize("end", [100, 600, 1500])
def test_a_file_that_is_cut_off(files: tuple[Path, Path, Path], saved: Path, tmp_path: Path, end: int) -> None:
    cut = tmp_path / "cut.npz"
    cut.write_bytes(saved.read_bytes()[:end])
    with pytest.raises(DataError, match="cannot be read"):
        rfonnx.compare(cut, files[1], files[2], **QUICK)


def hostile(path: Path, arrays: dict[str, object]) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


SCORES = np.zeros((21, 6), "f")


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"scores": np.array([{}] * 21, object)}, "Python objects"),
        ({"scores": np.array(["a"] * 21)}, "expected numbers"),
        ({"scores": np.zeros((21, 6), complex)}, "expected numbers"),
        ({"scores": np.float32(3)}, "scalar"),
        ({"scores": SCORES, "samples": np.arange(21)}, "expected one name per sample"),
        ({"scores": SCORES, "samples": np.array([["a"]] * 21)}, "expected one name per sample"),
        ({"scores": SCORES, "samples": np.array(["a"] * 20)}, "different lengths"),
        ({"samples": np.array(["a"] * 21)}, "holds no outputs"),
        ({"student/scores": SCORES}, "holds no outputs of a teacher"),
        ({"scores": SCORES, "provenance": np.array(["{"])}, "provenance"),
        ({"scores": SCORES, "provenance": np.array(["[" * 100_000])}, "provenance"),
        ({"scores": SCORES, "provenance": np.zeros(3)}, "provenance"),
        ({"other": SCORES, "third": SCORES}, "outputs do not match"),
        ({"scores": np.zeros((21, 7), "f")}, "cannot be compared"),
    ],
)
def test_hostile_arrays(files: tuple[Path, Path, Path], tmp_path: Path, arrays: dict[str, object], told: str) -> None:
    path = hostile(tmp_path / "h.npz", arrays)
    with pytest.raises((DataError, QueryError), match=told) as error:
        rfonnx.compare(path, files[1], files[2], **QUICK)
    assert len(str(error.value)) < 1000


def test_a_bomb_is_refused_by_its_header(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    """A row of 2 GB of zeros packs into 2 MB."""
    path = tmp_path / "bomb.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("scores.npy", "w", force_zip64=True) as entry,
    ):
        head = {"descr": "<f4", "fortran_order": False, "shape": (21, 2**29)}
        np.lib.format.write_array_header_1_0(entry, head)
        entry.write(bytes(2**20))
    with pytest.raises(DataError, match="cut off"):
        rfonnx.compare(path, files[1], files[2], **QUICK)


def test_nothing_is_left_of_a_save_that_fails(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    """The samples' shapes differ, and so do the outputs'."""
    net = small_nets.save(small_nets.segmenter(), tmp_path / "net.onnx")
    folder = tmp_path / "samples"
    folder.mkdir()
    for index in range(3):
        np.save(folder / f"{index}.npy", np.ones((2, 8, 8 + index // 2), "f"))
    target = tmp_path / "o.npz"
    found = rfonnx.compare(net, net, folder, save_outputs=target, **QUICK)
    assert "such outputs are not saved" in found.incomplete
    assert found.samples.count == 2
    assert [path.name for path in tmp_path.iterdir() if "rfonnx" in path.name] == []
    with np.load(target) as arrays:
        assert arrays["samples"].tolist() == ["0.npy", "1.npy"]


def test_an_interrupted_save_leaves_the_old_file(files: tuple[Path, Path, Path], saved: Path, tmp_path: Path) -> None:
    before = saved.read_bytes()
    words = [sys.executable, "-P", "-m", "rfonnx", "compare", *map(str, files[:2]), "--samples", "200000", "--no-cost"]
    child = subprocess.Popen(
        [*words, "--save-outputs", str(saved)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    drafts = f".rfonnx-{child.pid}-*.drafts"
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(drafts)) and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.05)
    assert list(tmp_path.glob(drafts))
    child.send_signal(signal.SIGTERM)
    child.wait(60)
    assert not list(tmp_path.glob(drafts))
    assert saved.read_bytes() == before


def test_inputs_are_not_overwritten(files: tuple[Path, Path, Path]) -> None:
    before = files[2].read_bytes()
    with pytest.raises(DataError, match="is an input of this run"):
        rfonnx.compare(*files, save_outputs=files[2], **QUICK)
    assert files[2].read_bytes() == before
    with pytest.raises(DataError, match=r"does not end in \.npz"):
        rfonnx.compare(*files, save_outputs=files[0], **QUICK)


def test_the_rights_of_a_file_that_is_replaced_stay(files: tuple[Path, Path, Path], saved: Path) -> None:
    saved.chmod(0o600)
    rfonnx.compare(*files, samples=3, save_outputs=saved, **QUICK)
    assert os.stat(saved).st_mode & 0o777 == 0o600  # noqa: PTH116
    with np.load(saved) as arrays:
        assert len(arrays["samples"]) == 3


def test_names_that_act_on_paths_do_not(tmp_path: Path) -> None:
    net = small_nets.classifier()
    net.graph.output[0].name = net.graph.node[-1].output[0] = "../../évil:0"
    path = small_nets.save(net, tmp_path / "net.onnx")
    rfonnx.compare(path, path, save_outputs=tmp_path / "o.npz", **QUICK)
    with zipfile.ZipFile(tmp_path / "o.npz") as archive:
        assert not any(".." in name for name in archive.namelist())
    assert rfonnx.compare(tmp_path / "o.npz", tmp_path / "o.npz", **QUICK).passed


def test_random_samples_of_another_seed_are_other_samples(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    rfonnx.compare(*files[:2], samples=4, seed=3, save_outputs=tmp_path / "o.npz", **QUICK)
    same = rfonnx.compare(tmp_path / "o.npz", files[0], samples=4, seed=3, **QUICK)
    assert same.outputs[0].measures["max_abs"].value < 1e-5
    with pytest.raises(DataError, match="not of random samples with seed 0"):
        rfonnx.compare(tmp_path / "o.npz", files[0], samples=4, **QUICK)
    with pytest.raises(DataError, match="not of random samples"):
        rfonnx.compare(tmp_path / "o.npz", files[0], samples=4, seed=0, **QUICK)


def test_a_pipe_is_not_replaced(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(DataError, match="no regular file"):
        rfonnx.compare(*files, save_outputs=tmp_path / "pipe.npz", **QUICK)
    assert (tmp_path / "pipe.npz").is_fifo()
