"""`rfonnx tile run`: files in, files out, whatever ends it in between."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import tifffile
import zarr
from PIL import Image

from tiling.nets import Net

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def net() -> onnx.ModelProto:
    made = Net(channels=3)
    down = made.relu(made.conv(made.relu(made.conv("x", 4)), 4, stride=2))
    return made.model(made.conv(made.up(down), 2))


@pytest.fixture(autouse=True)
def _work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, net: onnx.ModelProto) -> None:
    monkeypatch.chdir(tmp_path)
    onnx.save(net, "net.onnx")


def whole(image: np.ndarray) -> np.ndarray:
    (made,) = onnxruntime.InferenceSession("net.onnx").run(None, {"x": image})
    return np.asarray(made)


@pytest.fixture
def image() -> np.ndarray:
    made = np.random.default_rng(2).standard_normal((1, 3, 70, 96)).astype(np.float32)
    np.save("image.npy", made)
    return made


@pytest.mark.parametrize("ending", ["npy", "zarr", "tif"])
def test_every_format_holds_what_the_whole_run_gives(ending: str, image: np.ndarray, rfonnx: Run) -> None:
    done = rfonnx("tile", "run", "net.onnx", "image.npy", f"out.{ending}", "--tile", "32,48")
    assert (done.code, done.out) == (0, "")
    read: dict[str, Callable[[str], Any]] = {"npy": np.load, "zarr": zarr.open, "tif": tifffile.imread}
    made = np.asarray(read[ending](f"out.{ending}")[...])
    np.testing.assert_allclose(made.reshape(whole(image).shape), whole(image), atol=1e-5)
    assert sorted(path.name for path in Path().iterdir()) == ["image.npy", "net.onnx", f"out.{ending}"]


KINDS = ["npy without a batch", "fortran", "big endian", "zarr", "ome-zarr", "ome-zarr of 5 axes", "rows of a tiff", "tiled tiff",
         "ome-tiff", "pyramid"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_is_read(kind: str, image: np.ndarray, rfonnx: Run) -> None:
    plane = np.ascontiguousarray(image[0])
    if kind == "npy without a batch":
        np.save("in.npy", plane)
    elif kind == "fortran":
        np.save("in.npy", np.asfortranarray(image))
    elif kind == "big endian":
        np.save("in.npy", image.astype(">f4"))
    elif kind == "zarr":
        zarr.create_array("in.zarr", data=image, chunks=(1, 3, 32, 32))
    elif kind == "ome-zarr":
        group = zarr.open_group("in.zarr", mode="w")
        group.create_array("coarse", data=image[:, :, ::2, ::2])
        group.create_array("fine", data=image)
        datasets = [{"path": "fine"}, {"path": "coarse"}]
        group.attrs["ome"] = {"version": "0.5", "multiscales": [{"datasets": datasets}]}
    elif kind == "ome-zarr of 5 axes":
        group = zarr.open_group("in.zarr", mode="w")
        group.create_array("0", data=image[:, :, None])
        axes = [{"name": name} for name in "tczyx"]
        group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": [{"path": "0"}]}]}
    elif kind == "rows of a tiff":
        tifffile.imwrite("in.tif", plane, photometric="minisblack", byteorder=">")
    elif kind == "ome-tiff":
        tifffile.imwrite("in.ome.tif", plane[None, None], metadata={"axes": "TZCYX"})
    elif kind == "tiled tiff":
        tifffile.imwrite("in.tif", plane, tile=(32, 32), photometric="minisblack", compression="zlib")
    else:
        with tifffile.TiffWriter("in.tif") as writer:
            writer.write(plane, subifds=1, tile=(32, 32), photometric="minisblack")
            writer.write(
                np.ascontiguousarray(plane[:, ::2, ::2]), subfiletype=1, tile=(32, 32), photometric="minisblack"
            )
    (given,) = Path().glob("in.*")
    assert rfonnx("tile", "run", "net.onnx", given, "out.npy", "--tile", "32,48").code == 0
    np.testing.assert_allclose(np.load("out.npy"), whole(image), atol=1e-5)


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_pictures_are_scaled_to_0_to_1(ending: str, rfonnx: Run) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (70, 96, 3), np.uint8)
    if ending == "png":
        Image.fromarray(picture).save("in.png")
    else:
        tifffile.imwrite("in.tif", picture, photometric="rgb", tile=(32, 32))
    assert rfonnx("tile", "run", "net.onnx", f"in.{ending}", "a.npy", "--tile", "32,48").code == 0
    image = np.moveaxis(picture, -1, 0)[None].astype(np.float32) / 255
    np.testing.assert_allclose(np.load("a.npy"), whole(image), atol=1e-4)
    prep = ("--prep", "scale=1", "--prep", "mean=10,20,30", "--prep", "std=2")
    assert rfonnx("tile", "run", "net.onnx", f"in.{ending}", "b.npy", "--tile", "32,48", *prep).code == 0
    image = (image * 255 - np.float32([10, 20, 30]).reshape(-1, 1, 1)) / 2
    np.testing.assert_allclose(np.load("b.npy"), whole(image), atol=1e-3)


def command(*words: str) -> list[str]:
    return [sys.executable, "-P", "-m", "rfonnx", "tile", "run", *words]


@pytest.mark.parametrize(("ending", "workers"), [("npy", 1), ("zarr", 2), ("ome.zarr", 1), ("tif", 2)])
def test_a_run_that_is_killed_goes_on_where_it_was(ending: str, workers: int, models: Path) -> None:
    """And gives the same file, byte for byte."""
    out, reference = f"out.{ending}", f"reference.{ending}"
    np.save("big.npy", np.random.default_rng(0).standard_normal((1, 1, 448, 512)).astype(np.float32))
    words = (str(models / "unet.onnx"), "big.npy", out, "--tile", "224,256", "--workers", str(workers))
    subprocess.run(command(*words[:2], reference, *words[3:]), check=True)
    journal = Path(f"{out}.journal")
    with subprocess.Popen(command(*words)) as process:
        while process.poll() is None and (not journal.exists() or journal.read_text().count("\n") < 8):
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not Path(out).exists()
    written = journal.read_text().count("tile")
    assert written >= 6
    before = Path(f"{out}.partial").stat().st_ino
    subprocess.run(command(*words), check=True)
    assert Path(out).stat().st_ino == before
    assert contents(out) == contents(reference)
    assert not list(Path().glob("*.partial")) + list(Path().glob("*.journal"))


def contents(path: str) -> dict[Path, bytes]:
    """Of a file, or of all files in a folder."""
    files = [Path(path)] if Path(path).is_file() else [one for one in Path(path).rglob("*") if one.is_file()]
    return {one.relative_to(path): one.read_bytes() for one in files}


def test_the_journal_of_another_run_is_refused(image: np.ndarray, rfonnx: Run) -> None:
    Path("out.npy.journal").write_text('{"rfonnx": "tile run", "model": "another"}\n{"tile": 0}\n')
    done = rfonnx("tile", "run", "net.onnx", "image.npy", "out.npy")
    assert done.code == 2
    assert "journal of another run" in done.err
    assert rfonnx("tile", "run", "net.onnx", "image.npy", "out.npy", "--restart").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits there")
def test_no_room_on_the_disk(image: np.ndarray) -> None:
    """A limit on the size of files stands for a full disk: nothing is left in the way, and the next run succeeds."""
    words = command("net.onnx", "image.npy", "out.npy", "--tile", "32,48")
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # noqa: E731
    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=limit, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "out.npy cannot be written" in done.stderr
    assert not Path("out.npy").exists()
    subprocess.run(words, check=True)
    np.testing.assert_allclose(np.load("out.npy"), whole(image), atol=1e-5)


def test_memory_does_not_grow_with_the_image(tmp_path: Path) -> None:
    """Of 64 MB of input and 43 MB of output no more is mapped than tiles take."""
    image = np.lib.format.open_memmap("large.npy", "w+", np.float32, (1, 3, 2048, 2600))
    image[...] = 1
    del image
    peaks = []
    for given in ("image.npy", "large.npy"):
        if given == "image.npy":
            np.save(given, np.ones((1, 3, 256, 256), np.float32))
        watched = subprocess.Popen(command("net.onnx", given, f"out-{given}", "--tile", "256,256"))
        _, status, usage = os.wait4(watched.pid, 0)
        watched.returncode = status
        assert status == 0
        peaks.append(usage.ru_maxrss / 1024)
    assert peaks[1] < peaks[0] + 40


@pytest.mark.parametrize(
    ("make", "words", "message"),
    [
        ("rank", ("in.npy", "out.npy"), "has 4 axes, and the file has 1"),
        ("channels", ("in.npy", "out.npy"), "axis 1 of input 'x'"),
        ("dtype", ("in.npy", "out.npy"), "holds float32, and the file float64"),
        ("nan", ("in.npy", "out.npy"), "no finite number at (0, 1, 40, 50)"),
        ("good", ("in.npy", "in.npy"), "is an input of this run"),
        ("good", ("in.npy", "net.onnx"), "is an input of this run"),
        ("good", ("in.npy", "there.npy"), "is there already"),
        ("good", ("in.npy", "out.xyz"), "of no format that is written"),
        ("good", ("in.npy", "no/out.npy"), "no such folder"),
        ("good", ("no.npy", "out.npy"), "no such file"),
        ("good", ("net.onnx", "out.npy"), "of no format that is read"),
        ("good", ("y=in.npy", "out.npy"), "there is no input 'y'"),
        ("good", ("in.npy", "z=out.npy"), "there is no output 'z'"),
        ("good", ("in.npy", "out.npy", "--input", "x=in.npy"), "give each as NAME=PATH"),
        ("good", ("in.npy", "out.npy", "--tile", "4,4"), "keeps nothing"),
        ("good", ("in.npy", "out.npy", "--tile", "64"), "expected 2"),
        ("good", ("in.npy", "out.npy", "--workers", "0"), "a whole number from 1"),
        ("good", ("in.npy", "out.npy", "--provider", "nothing"), "provider 'nothing' is not in this build"),
        ("cut", ("in.npy", "out.npy"), "expected"),
    ],
)
def test_what_does_not_fit_is_one_line(make: str, words: tuple[str, ...], message: str, rfonnx: Run) -> None:
    image = np.zeros((1, 3, 70, 96), np.float32)
    image = {"rank": image.ravel(), "channels": image[:, :2], "dtype": image.astype(np.float64)}.get(make, image)
    if make == "nan":
        image[0, 1, 40, 50] = np.nan
    np.save("in.npy", image)
    if make == "cut":
        Path("in.npy").write_bytes(Path("in.npy").read_bytes()[:-4])
    Path("there.npy").write_bytes(b"mine")
    before = {path: path.read_bytes() for path in Path().iterdir()}
    done = rfonnx("tile", "run", "net.onnx", *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert message in done.err
    assert {path: path.read_bytes() for path in before} == before
    assert not Path("out.npy").exists()
