"""Runs from files to files: what is in the way, what is left when they end early, and who else writes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import tifffile
import zarr
from PIL import Image

from rfonnx.errors import DataError, RfonnxError
from rfonnx.tiling.asked import Asked
from rfonnx.tiling.storage import draft as draft_module
from rfonnx.tiling.storage import job as job_module
from rfonnx.tiling.storage.draft import Draft
from rfonnx.tiling.storage.job import run_job
from rfonnx.tiling.storage.journal import Journal
from tiling.nets import Net

ENDINGS = ["npy", "zarr", "ome.zarr", "tif"]


@pytest.fixture(scope="module")
def net() -> onnx.ModelProto:
    made = Net(channels=3)
    return made.model(made.conv(made.relu(made.conv("x", 4)), 2))


@pytest.fixture(autouse=True)
def _work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, net: onnx.ModelProto) -> None:
    monkeypatch.chdir(tmp_path)
    onnx.save(net, "net.onnx")
    np.save("image.npy", np.random.default_rng(2).standard_normal((1, 3, 70, 96)).astype(np.float32))


class Stop(BaseException):
    """Stands for whatever ends a run."""


def job(output: str = "out.npy", source: str = "image.npy", stop: int | None = None, **more: Any) -> None:
    def tell(done: int, total: int) -> None:
        if stop is not None and done >= stop:
            raise Stop

    run_job(Asked("net.onnx", {"": source}, {"": output}, (32, 48), **more), tell)


def stopped(output: str = "out.npy", **more: Any) -> None:
    with pytest.raises(Stop):
        job(output, stop=3, **more)


def read(path: str) -> np.ndarray:
    ways: dict[str, Callable[[], Any]] = {
        ".npy": lambda: np.load(path),
        ".tif": lambda: tifffile.imread(path)[None],
        ".png": lambda: np.moveaxis(np.asarray(Image.open(path)), -1, 0)[None],
        ".zarr": lambda: zarr.open(f"{path}/0" if path.endswith(".ome.zarr") else path, mode="r")[...],
    }
    return np.asarray(ways[Path(path).suffix]())


def names() -> set[str]:
    return {path.name for path in Path().iterdir()}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_run_goes_on_where_it_was_stopped(ending: str) -> None:
    job("reference.npy")
    stopped(f"out.{ending}")
    assert names() >= {f"out.{ending}.partial", f"out.{ending}.journal"}
    assert f"out.{ending}" not in names()
    told: list[int] = []
    run_job(
        Asked("net.onnx", {"": "image.npy"}, {"": f"out.{ending}"}, (32, 48)), lambda done, total: told.append(done)
    )
    assert told[0] == 3
    np.testing.assert_array_equal(read(f"out.{ending}"), np.load("reference.npy"))
    assert names() == {"net.onnx", "image.npy", "reference.npy", f"out.{ending}"}


@pytest.mark.parametrize("dtype", ["bool", "u1", "i8", "f2", "f4"])
@pytest.mark.parametrize("shape", [(), (5,), (1, 10), (1, 0, 4, 4), (1, 2, 40, 30), (2, 1, 3, 20, 30)])
@pytest.mark.parametrize("ending", ENDINGS)
def test_every_array_is_held_or_refused_before_the_run(ending: str, shape: tuple[int, ...], dtype: str) -> None:
    value = (np.random.default_rng(0).uniform(0, 9, shape) > 4).astype(dtype)
    if ending == "ome.zarr" and not 2 <= len(shape) <= 5:
        refused = True
    else:
        refused = ending == "tif" and (len(shape) < 2 or not value.size or dtype == "bool")
    if refused:
        with pytest.raises(DataError, match=r"write \.(npy|zarr)"):
            Draft(f"out.{ending}", shape, value.dtype, False)
        return
    draft = Draft(f"out.{ending}", shape, value.dtype, False)
    draft[tuple(slice(0, n) for n in shape)] = value
    draft.close()
    Draft(f"out.{ending}", shape, value.dtype, True).commit()
    made = tifffile.imread("out.tif") if ending == "tif" else read(f"out.{ending}")
    assert made.dtype == value.dtype
    np.testing.assert_array_equal(made.reshape(shape), value)


def test_chunks_of_volumes_are_small() -> None:
    Draft("out.zarr", (1, 600, 700, 800), np.dtype(np.float32), False)
    assert np.prod(zarr.open_array("out.zarr.partial", mode="r").chunks) * 4 <= 2**22


def test_an_output_is_ome_zarr_for_other_readers() -> None:
    job("out.ome.zarr")
    scales = zarr.open_group("out.ome.zarr", mode="r").attrs["ome"]
    assert scales["version"] == "0.5"  # type: ignore[index,call-overload]
    assert [axis["name"] for axis in scales["multiscales"][0]["axes"]] == list("tcyx")  # type: ignore[index,call-overload]


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_output_is_replaced_when_the_new_one_is_complete(ending: str) -> None:
    output = f"out.{ending}"
    job(output)
    before = read(output)
    with pytest.raises(DataError, match="there already"):
        job(output)
    np.save("image.npy", np.ones((1, 3, 70, 96), np.float32))
    stopped(output, overwrite=True)
    np.testing.assert_array_equal(read(output), before)
    job(output, overwrite=True)
    assert not np.array_equal(read(output), before)
    assert names() == {"net.onnx", "image.npy", output}


def test_folders_of_the_user_are_not_replaced() -> None:
    Path("out.zarr").mkdir()
    Path("out.zarr/mine.txt").write_text("mine")
    with pytest.raises(DataError, match="no Zarr folder"):
        job("out.zarr", overwrite=True)
    assert Path("out.zarr/mine.txt").read_text() == "mine"


def test_files_that_hold_an_input_are_not_written() -> None:
    zarr.create_group("group.zarr").create_array("x", data=np.load("image.npy"))
    for output, source in (("group.zarr", "group.zarr/x"), ("group.zarr/x/out.zarr", "group.zarr/x")):
        with pytest.raises(DataError, match="input of this run"):
            job(output, source, overwrite=True)
    for taken in ("out.npy.partial", "out.npy.journal"):
        Path(taken).write_bytes(Path("image.npy").read_bytes())
        with pytest.raises(DataError, match="input of this run"):
            job("out.npy", taken)
        assert Path(taken).read_bytes() == Path("image.npy").read_bytes()
        Path(taken).unlink()
    Path("out.npy.partial").write_text("mine")
    with pytest.raises(DataError, match=r"out\.npy\.partial is there, and no out\.npy\.journal"):
        job()
    assert Path("out.npy.partial").read_text() == "mine"


def test_what_is_left_is_gone_on_with_only_where_it_is_whole() -> None:
    job("reference.npy")
    stopped()
    Path("out.npy.partial").unlink()
    job()  # all anew
    np.testing.assert_array_equal(np.load("out.npy"), np.load("reference.npy"))
    Path("out.npy").unlink()
    stopped()
    os.truncate("out.npy.partial", 1000)
    with pytest.raises(DataError, match="cut off"):
        job()
    journal = Path("out.npy.journal")
    lines = journal.read_bytes().split(b"\n")
    for bad in (b"\x00\xff", b'{"tile": "a"}', b"[1]", b"{}"):
        journal.write_bytes(b"\n".join([lines[0], bad, *lines[1:]]))
        with pytest.raises(DataError, match="is damaged"):
            job()
    job(restart=True)
    np.testing.assert_array_equal(np.load("out.npy"), np.load("reference.npy"))


def test_a_line_that_was_cut_off_is_no_tile() -> None:
    stopped()
    with Path("out.npy.journal").open("ab") as file:
        file.write(b'{"tile": 5')
    stopped_at: list[int] = []
    run_job(Asked("net.onnx", {"": "image.npy"}, {"": "out.npy"}, (32, 48)), lambda done, _: stopped_at.append(done))
    assert stopped_at[0] == 3


@pytest.mark.parametrize("change", ["image", "model", "tile", "stages"])
def test_another_run_is_not_gone_on_with(change: str, net: onnx.ModelProto) -> None:
    stopped()
    if change == "image":
        os.utime("image.npy", (1, 1))
    elif change == "model":
        net = onnx.ModelProto.FromString(net.SerializeToString())
        net.producer_name = "another"
        onnx.save(net, "net.onnx")
    tile = (40, 48) if change == "tile" else (32, 48)
    with pytest.raises(DataError, match="another run"):
        run_job(Asked("net.onnx", {"": "image.npy"}, {"": "out.npy"}, tile, stages=change == "stages"))


@pytest.mark.skipif(sys.platform == "win32", reason="files are not locked there")
def test_two_runs_do_not_write_one_file() -> None:
    refused: list[str] = []

    def second(done: int, total: int) -> None:
        if done == 3:
            with pytest.raises(DataError, match="another run writes this output") as caught:
                job()
            refused.append(str(caught.value))

    run_job(Asked("net.onnx", {"": "image.npy"}, {"": "out.npy"}, (32, 48)), second)
    assert refused
    first = np.load("out.npy")
    job(overwrite=True)
    np.testing.assert_array_equal(np.load("out.npy"), first)


@pytest.mark.parametrize("ending", ["zarr", "ome.zarr"])
def test_a_disk_that_fills_in_the_middle(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    job("reference.npy")
    write, written = zarr.Array.__setitem__, list[object]()

    def full(array: zarr.Array, index: Any, value: Any) -> None:
        written.append(index)
        if len(written) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(array, index, value)

    with monkeypatch.context() as patch:
        patch.setattr(zarr.Array, "__setitem__", full)
        with pytest.raises(RfonnxError, match="No space left on device; make room and run the same command again"):
            job(f"out.{ending}")
    assert f"out.{ending}" not in names()
    told: list[int] = []
    run_job(
        Asked("net.onnx", {"": "image.npy"}, {"": f"out.{ending}"}, (32, 48)), lambda done, total: told.append(done)
    )
    assert told[0] == 3
    np.testing.assert_array_equal(read(f"out.{ending}"), np.load("reference.npy"))


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("step", range(7))
def test_a_run_that_ends_among_the_last_renames(
    ending: str, step: int, overwrite: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two outputs: the same command completes both, and runs no tile anew."""
    made = Net(channels=3)
    two = made.conv("x", 2)
    onnx.save(made.model(two, made.relu(two)), "net.onnx")
    names_of = [output.name for output in onnx.load("net.onnx").graph.output]

    def both(to: str, tell: Callable[[int, int], None] = lambda done, total: None, **more: Any) -> None:
        outputs = {name: f"{to}{at}.{ending}" for at, name in enumerate(names_of)}
        run_job(Asked("net.onnx", {"": "image.npy"}, outputs, (32, 48), **more), tell)

    both("reference")
    if overwrite:
        both("out")
    at, begun = 0, Journal.completed

    def begin(journal: Journal) -> None:
        begun(journal)
        for owner, name in ((Path, "rename"), (Path, "replace"), (job_module, "remove"), (Journal, "remove")):
            patch.setattr(owner, name, dying(getattr(owner, name)))

    def dying(do: Callable[..., Any]) -> Callable[..., Any]:
        def or_end(*words: Any, **more: Any) -> Any:
            nonlocal at
            at += 1
            if at > step:
                raise Stop
            return do(*words, **more)

        return or_end

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "completed", begin)
        with suppress(Stop):
            both("out", overwrite=overwrite)
    if Path(f"out0.{ending}.journal").exists():
        told: list[tuple[int, int]] = []
        both("out", lambda done, total: told.append((done, total)), overwrite=overwrite)
        assert told[0][0] == told[0][1]
    for at in (0, 1):
        np.testing.assert_array_equal(read(f"out{at}.{ending}"), read(f"reference{at}.{ending}"))
    left = {f"{to}{at}.{ending}" for to in ("out", "reference") for at in (0, 1)}
    assert names() == {"net.onnx", "image.npy", *left}


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes there")
@pytest.mark.parametrize("key", ["zarr.json", "c/0/0/0/0"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_zarr_of_pipes_and_devices_is_refused(key: str, kind: str) -> None:
    """A pipe would be waited for, a device read for ever."""
    zarr.create_array("in.zarr", data=np.load("image.npy"), chunks=(1, 3, 70, 96))
    path = Path("in.zarr") / key
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(DataError, match=f"{key} is no regular file"):
        job(source="in.zarr")


def test_sizes_that_files_claim_are_judged() -> None:
    zarr.create_array("chunk.zarr", shape=(1, 3, 10**6, 10**6), dtype="f4", chunks=(1, 3, 10**6, 10**6))
    with pytest.raises(DataError, match="chunks of 12000000000000 bytes, expected at most 2147483648"):
        job(source="chunk.zarr")
    zarr.create_array("huge.zarr", shape=(1, 3, 10**7, 10**7), dtype="f4", chunks=(1, 3, 64, 64))
    for ending in ("npy", "tif"):
        with pytest.raises(RfonnxError, match=r"MiB are free; make room, or write \.zarr"):
            job(f"out.{ending}", "huge.zarr")
    np.save("empty.npy", np.zeros((1, 3, 0, 96), np.float32))
    with pytest.raises(DataError, match="1x3x0x96 in the file: it holds nothing"):
        job(source="empty.npy")
    Path("header.npy").write_bytes(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{")
    with pytest.raises(DataError, match="a header of 4294967295 bytes, expected at most 10000"):
        job(source="header.npy")
    np.save("small.npy", np.zeros((1, 3, 2, 2), np.float32))
    with pytest.raises(RfonnxError, match="the whole is no longer; run the model on the whole, without tiles"):
        job(source="small.npy")
    assert not {name for name in names() if name.startswith("out")}


def test_an_ome_zarr_that_points_elsewhere_is_refused() -> None:
    scales: Any = {"axes": [{"name": name} for name in "yx"], "datasets": [{"path": "/etc"}]}
    zarr.open_group("in.zarr", mode="w").attrs["ome"] = {"version": "0.5", "multiscales": [scales]}
    with pytest.raises(DataError, match="no array at '/etc', its finest level"):
        job(source="in.zarr")
    Path("in.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="none of these formats, or damaged"):
        job(source="in.png")


def test_a_tiff_has_tiles_and_smaller_copies_for_other_readers() -> None:
    shape = (1, 2, 700, 1030)
    value = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    value[..., :300, :300] = 0  # a tile of zeros is one, too
    made = Draft("out.tif", shape, value.dtype, False)
    for rows in (slice(0, 333), slice(333, 700)):
        for columns in (slice(0, 511), slice(511, 1030)):
            part = (slice(0, 1), slice(0, 2), rows, columns)
            made[part] = value[part]
    made.commit()
    with tifffile.TiffFile("out.tif") as file:
        assert file.is_ome
        assert file.is_bigtiff
        (series,) = file.series
        assert series.axes == "CYX"
        assert file.pages.first.tile == (256, 256)
        assert [level.shape[1:] for level in series.levels] == [(700, 1030), (350, 515), (175, 258)]
        for step, level in zip((1, 2, 4), series.levels, strict=True):
            np.testing.assert_array_equal(level.asarray(), value[0, :, ::step, ::step])
        part = zarr.open(series.aszarr(level=1), mode="r")[1, 100:200, 300:]  # type: ignore[index]
        np.testing.assert_array_equal(part, value[0, 1, 200:400:2, 600::2])  # type: ignore[arg-type]
    with Image.open("out.tif") as picture:
        np.testing.assert_array_equal(np.asarray(picture), value[0, 0])


@pytest.mark.parametrize(("dtype", "channels"), [("u1", 1), ("u1", 3), ("u1", 4), ("u2", 1), ("?", 1)])
def test_a_png_goes_on_where_it_was_stopped(dtype: str, channels: int) -> None:
    made = Net(channels=3)
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    model = made.model(made.add("Cast", [made.relu(made.conv("x", channels))], channels, to=kind))
    model.graph.output[0].type.tensor_type.elem_type = kind
    onnx.save(model, "net.onnx")
    job("reference.npy")
    stopped("out.png")
    assert "out.png" not in names()
    job("out.png")
    with Image.open("out.png") as picture:
        assert picture.format == "PNG"
        array = np.asarray(picture)
    np.testing.assert_array_equal(
        np.moveaxis(array, -1, 0) if channels > 1 else array[None], np.load("reference.npy")[0]
    )
    assert names() == {"net.onnx", "image.npy", "reference.npy", "out.png"}


@pytest.mark.parametrize("step", ["packed", "replaced"])
def test_a_png_is_packed_again_where_a_run_ended_at_that(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Net(channels=3)
    model = made.model(made.add("Cast", [made.relu(made.conv("x", 1))], 1, to=onnx.TensorProto.UINT8))
    model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.UINT8
    onnx.save(model, "net.onnx")
    job("reference.npy")

    def end(*words: Any) -> None:
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(*((Path, "replace") if step == "packed" else (draft_module, "remove")), end)
        with pytest.raises(Stop):
            job("out.png")
    assert ("out.png" in names()) == (step == "replaced")
    job("out.png")
    with Image.open("out.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), np.load("reference.npy")[0, 0])
    assert names() == {"net.onnx", "image.npy", "reference.npy", "out.png"}


def test_what_is_left_of_another_array_is_refused() -> None:
    for ending in ("tif", "npy", "zarr"):
        Draft(f"out.{ending}", (1, 2, 40, 30), np.dtype("f4"), False).close()
        with pytest.raises(
            DataError, match=r"is another array than \(1, 2, 40, 31\) of float32; begin anew with --restart"
        ):
            Draft(f"out.{ending}", (1, 2, 40, 31), np.dtype("f4"), True)


def test_what_a_png_does_not_hold_is_refused() -> None:
    for shape, dtype in (
        ((1, 1, 9, 9), "f4"),
        ((1, 3, 9, 9), "u2"),
        ((1, 2, 9, 9), "u1"),
        ((9,), "u1"),
        ((1, 0, 9, 9), "u1"),
    ):
        with pytest.raises(DataError, match=r"a PNG cannot hold .*; write \.tif, \.npy or \.zarr"):
            Draft("out.png", shape, np.dtype(dtype), False)
    with pytest.raises(DataError, match=r"packed in memory, expected at most \d+ pixels; write \.tif"):
        Draft("out.png", (1, 3, 10_000, 9_000), np.dtype("u1"), False)
    assert not Path("out.png.partial").exists()


def test_each_output_has_its_name_in_the_path() -> None:
    made = Net(channels=3)
    first = made.conv("x", 2)
    model = made.model(first, made.relu(first))
    for node in model.graph.node:
        for names_of in (node.input, node.output):
            names_of[:] = ["../up" if name == first else name for name in names_of]
    model.graph.output[0].name = "../up"
    onnx.save(model, "net.onnx")
    with pytest.raises(DataError, match=r"or a path with \{output\} in it"):
        job("out.npy")
    Path("made").mkdir()
    job("made/{output}.npy")
    assert {path.name for path in Path("made").iterdir()} == {"__up.npy", f"{model.graph.output[1].name}.npy"}
    np.testing.assert_array_equal(
        np.maximum(np.load("made/__up.npy"), 0), np.load(f"made/{model.graph.output[1].name}.npy")
    )
