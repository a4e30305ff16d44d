"""A scan reports every model, whatever the others do to their processes; one that was ended goes on where it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from rfonnx.errors import DataError
from rfonnx.scanning.alone import How, record
from rfonnx.scanning.fleet import scan
from rfonnx.scanning.journal import read_records
from rfonnx.scanning.listing import Listed, listed
from rfonnx.scanning.starter import Starter
from scan.troublemakers import crashes, hangs, large, small


def test_a_crash_a_hang_and_a_broken_file_cost_themselves_only(tmp_path: Path) -> None:
    crashes(tmp_path / "crash.onnx")
    hangs(tmp_path / "hang.onnx")
    (tmp_path / "junk.onnx").write_bytes(b"junk")
    os.mkfifo(tmp_path / "pipe.onnx")
    small(tmp_path / "small.onnx")
    found = scan([*listed([str(tmp_path)]), *listed([str(tmp_path / "gone.onnx")])], How(timeout=20), workers=2)
    states = {Path(one["model"]).stem: one["state"] for one in found}
    assert states == {
        "crash": "crashed",
        "gone": "refused",
        "hang": "timed out",
        "junk": "refused",
        "pipe": "refused",
        "small": "reported",
    }
    reasons = {Path(one["model"]).stem: one["reason"] for one in found}
    assert "SIGABRT" in reasons["crash"]
    assert "20 s" in reasons["hang"]
    assert not subprocess.run(["pgrep", "-f", f"{tmp_path}/"], capture_output=True, check=False).stdout
    (report,) = [one["report"] for one in found if one["report"] is not None]
    assert [(field["size"], field["axis"]) for field in report["outputs"][0]["fields"]] == [(3, 2), (3, 3)]
    assert report["tiles"] is not None
    assert report["tiles"]["exact"]


def test_a_model_takes_the_shapes_that_it_has(tmp_path: Path) -> None:
    """Fleets have inputs and dimensions of many names."""
    for name, dimension in (("a", "samples"), ("b", "frames")):
        nodes = [helper.make_node("Relu", [name], ["y"])]
        made = [helper.make_tensor_value_info(one, TensorProto.FLOAT, [1, dimension]) for one in (name, "y")]
        onnx.save(helper.make_model(helper.make_graph(nodes, "g", made[:1], made[1:])), tmp_path / f"{name}.onnx")
    given = {"samples": 160, "frames": 12}
    found = {Path(one["model"]).stem: one["report"] for one in scan(listed([str(tmp_path)]), How(shapes=given))}
    assert {stem: report and report["inputs"] for stem, report in found.items()} == {
        "a": {"a": [1, 160]},
        "b": {"b": [1, 12]},
    }


def test_memory_is_limited(tmp_path: Path) -> None:
    """A small model may need none beside what its process has: one of 64 MB does."""
    large(tmp_path / "large.onnx")
    (found,) = scan(listed([str(tmp_path)]), How(memory=100 * 2**20))
    assert found["state"] in ("refused", "crashed"), found
    (found,) = scan(listed([str(tmp_path)]), How())
    assert found["state"] == "reported", found


def test_a_scan_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    for number in range(8):
        small(models / f"{number}.onnx", 1 + number % 5)
    records = tmp_path / "out.jsonl"
    command = [sys.executable, "-P", "-m", "rfonnx", "scan", str(models), "-o", str(records), "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while not records.exists() or records.read_bytes().count(b"\n") < 2:
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
    before = read_records(records)
    assert 2 <= len(before) < 8
    with records.open("ab") as file:
        file.write(b'{"format": 1, "model": "cut o')
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = read_records(records)
    assert sorted(Path(one["model"]).stem for one in after) == list("01234567")
    assert [one for one in after if one in before] == before, "what was known was not asked for again"
    assert "8 models: 8 reported" in done.stdout


def test_what_no_longer_holds_is_made_again(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    first, second = small(models / "a.onnx"), small(models / "b.onnx")
    records = tmp_path / "out.jsonl"
    old = scan(listed([str(models)]), How(), records)
    small(first, 5)
    new = scan(listed([str(models)]), How(), records)
    assert new[1] == old[1]
    assert new[0]["sha256"] != old[0]["sha256"]
    assert read_records(records) == [new[1], new[0]]
    other = scan(listed([str(second)]), How(shapes={"x": (1, 1, 16, 16)}), records)
    assert [one["asked"] for one in read_records(records)] == [other[0]["asked"]] != [old[0]["asked"]]


def test_a_record_without_what_tables_need_is_none(tmp_path: Path) -> None:
    (made,) = scan(listed([str(small(tmp_path / "a.onnx"))]), How())
    records = tmp_path / "out.jsonl"
    for report in ({}, {**(made["report"] or {}), "outputs": 3}, {**(made["report"] or {}), "rules": []}):
        records.write_text(json.dumps({**made, "report": report}) + "\n")
        with pytest.raises(DataError, match="line 1 is no record"):
            read_records(records)


def test_a_model_that_took_too_long_is_asked_again_with_another_limit(tmp_path: Path) -> None:
    records = tmp_path / "out.jsonl"
    model = listed([str(small(tmp_path / "a.onnx"))])
    (late,) = scan(model, How(timeout=0.001), records)
    assert late["state"] == "timed out"
    assert scan(model, How(timeout=0.001), records) == [late]
    (made,) = scan(model, How(timeout=600), records)
    assert made["state"] == "reported"
    assert scan(model, How(), records) == read_records(records) == [made]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_a_scan_that_is_ended_leaves_no_process(tmp_path: Path, by: signal.Signals) -> None:
    hangs(tmp_path / "hang.onnx")
    command = [sys.executable, "-P", "-m", "rfonnx", "scan", str(tmp_path), "--quiet"]
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    ) as process:
        try:
            (starter,) = started_by(process.pid)
            (child,) = started_by(starter)
            time.sleep(2)  # it is at the model
            threads = {one: len([*Path(f"/proc/{one}/task").iterdir()]) for one in (starter, child)}
            assert threads[starter] == 1, "only a process of one thread is copied whole"
            assert threads[child] <= 2, (
                "its own, and one that sees whether the scan is there: other cores are for others"
            )
            process.send_signal(by)
            assert process.wait(30) != 0
        finally:
            process.kill()
    until = time.monotonic() + 30
    while any(Path(f"/proc/{one}").exists() for one in (starter, child)) and time.monotonic() < until:
        time.sleep(0.1)
    assert {Path(f"/proc/{one}").exists() for one in (starter, child)} == {False}


def started_by(number: int) -> list[int]:
    """The processes that a process started, as soon as there are some."""
    found = ""
    while not found:
        assert Path(f"/proc/{number}").exists()
        time.sleep(0.05)
        found = subprocess.run(["pgrep", "-P", str(number)], capture_output=True, text=True, check=False).stdout
    return [int(one) for one in found.split()]


def test_where_processes_are_not_copied_each_model_has_a_fresh_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(tmp_path / "a.onnx")
    crashes(tmp_path / "b.onnx")
    hangs(tmp_path / "c.onnx")
    small(tmp_path / "d.onnx")
    elsewhere = "import sys; sys.platform = 'darwin'; from rfonnx.scanning.one import main; main()"
    monkeypatch.setattr("rfonnx.scanning.starter.python", lambda *_: [sys.executable, "-P", "-c", elsewhere])
    found = scan(listed([str(tmp_path)]), How(timeout=8))
    assert [one["state"] for one in found] == ["reported", "crashed", "timed out", "reported"], found


def test_a_starter_that_is_gone_costs_no_model(tmp_path: Path) -> None:
    first, second = small(tmp_path / "a.onnx"), small(tmp_path / "b.onnx")
    assert record(Listed(str(first)), How())["state"] == "reported"
    (starter,) = Starter._idle  # this process may have other children, of other tests
    os.kill(starter._process.pid, signal.SIGKILL)
    try:
        assert record(Listed(str(second)), How())["state"] == "reported"
    finally:
        Starter.end_all()


def test_models_are_found_from_where_the_scan_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            small(tmp_path / name / "a.onnx")
            monkeypatch.chdir(tmp_path / name)
            assert record(Listed("a.onnx"), How())["state"] == "reported"
    finally:
        Starter.end_all()


@pytest.mark.parametrize(
    "text", ["[1]\n", "{}\n", '{"format": 1}\n', "\x00\n", '{"format": "2"}\n', "[" * 10_000 + "\n"]
)
def test_a_file_that_holds_something_else_is_left_alone(tmp_path: Path, text: str) -> None:
    records = tmp_path / "out.jsonl"
    records.write_text(text)
    with pytest.raises(DataError, match="line 1 is no record"):
        scan(listed([str(small(tmp_path / "a.onnx"))]), How(), records)
    assert records.read_text() == text


def test_records_of_a_newer_version_are_left_alone(tmp_path: Path) -> None:
    records = tmp_path / "out.jsonl"
    records.write_text('{"format": 99, "model": "x"}\n')
    with pytest.raises(DataError, match=r"line 1 is of format 99, which a newer rfonnx writes; .*; update rfonnx"):
        scan(listed([str(small(tmp_path / "a.onnx"))]), How(), records)
    assert records.read_text() == '{"format": 99, "model": "x"}\n'


def test_records_behind_a_link_stay_there_with_their_mode(tmp_path: Path) -> None:
    real, link = tmp_path / "real.jsonl", tmp_path / "out.jsonl"
    model = small(tmp_path / "a.onnx")
    scan(listed([str(model)]), How(), real)
    real.chmod(0o640)
    link.symlink_to(real.name)
    small(model, 5)  # what was known is taken out
    (made,) = scan(listed([str(model)]), How(), link)
    assert link.is_symlink()
    assert read_records(real) == [made]
    assert real.stat().st_mode & 0o777 == 0o640
    assert not list(tmp_path.glob(".rfonnx*"))


def test_two_scans_do_not_write_one_file(tmp_path: Path) -> None:
    from rfonnx.scanning.journal import journal

    path = tmp_path / "out.jsonl"
    with (
        journal(path, lambda name: None, How().holds),
        pytest.raises(DataError, match="another scan writes"),
        journal(path, lambda name: None, How().holds),
    ):
        pass
