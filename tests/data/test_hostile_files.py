"""Files of strangers that would be waited for, read for ever, or unpacked into gigabytes."""

from __future__ import annotations

import os
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from rfonnx.data.archive import stored_arrays
from rfonnx.data.arrays import Stored
from rfonnx.data.fitting import InputSpec
from rfonnx.data.preparation import Preparation
from rfonnx.data.prepare import Preparer
from rfonnx.data.samples import open_source
from rfonnx.errors import MAX_MESSAGE, DataError, SampleError
from rfonnx.system.config import read_config
from rfonnx.system.regular import open_regular, read_regular

PIPES = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
DEVICES = pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero here")


def spec(shape: tuple[int | None, ...]) -> InputSpec:
    return InputSpec("the model", "x", "x", shape, np.dtype(np.float32))


@PIPES
@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.png"])
def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    (item,) = open_source(tmp_path)
    with pytest.raises(DataError, match="is no regular file"):
        item.load()


@DEVICES
@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.png"])
def test_a_link_to_a_device_is_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("/dev/zero")
    (item,) = open_source(tmp_path)
    with pytest.raises(DataError, match="is no regular file"):
        item.load()


@PIPES
def test_a_configuration_that_is_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.toml")
    with pytest.raises(DataError, match="is no regular file; give a configuration file"):
        read_config(tmp_path / "x.toml")


@DEVICES
def test_a_configuration_that_is_a_device() -> None:
    with pytest.raises(DataError, match="is no regular file"):
        read_config("/dev/zero")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[compare]\na = " + "[" * 4000 + "]" * 4000, "is nested too deeply"),
        ("[compare." + ".".join("a" * 60_000) + "]", "has a line of 120009 characters, expected at most 10000"),
        ("[compare]\nsamples = " + "9" * 5000, "is no TOML: .*4300 digits"),
        ("[compare]\nkind = '\\ud800'\n[", "is no TOML"),
        ("\0", "is no TOML"),
    ],
)
def test_hostile_configurations(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(DataError, match=message):
        read_config(tmp_path / "x.toml")


def test_regular_files_are_opened_and_bounded(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    with open_regular(tmp_path / "x") as file:
        assert file.read() == b"12345"
    assert read_regular(tmp_path / "x", 5) == b"12345"
    tracemalloc.start()
    assert read_regular(tmp_path / "x", 2**31) == b"12345"
    assert tracemalloc.get_traced_memory()[1] < 2**20  # of 2 GiB, which `ulimit -v` may not allow
    tracemalloc.stop()
    with pytest.raises(OSError, match="holds 5 bytes"):
        read_regular(tmp_path / "x", 4)
    with pytest.raises(OSError, match="is no regular file"):
        open_regular(tmp_path)
    with pytest.raises(ValueError, match="null byte"):
        open_regular("a\0b")


def header(descr: str, shape: str, version: int = 2) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode("latin1")
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<I", len(text)) + text


HEADERS = [
    (header("'|V0'", "(4, 3)"), "holds elements of type |V0, expected numbers"),
    (header("'<M8[ns]'", "(4, 3)"), "holds elements of type datetime64"),
    (header("[('a', '<f4'), ('b', '<i4')]", "(4, 3)"), "holds elements of type"),
    (header("'<f4'", "(" * 4900 + ")" * 4900), "is no array file"),
    (header("'<f4'", "-" * 9000 + "1"), "is no array file"),
    (header("'<f4'", "(" + "9" * 5000 + ",)"), "is no array file"),
    (header("'<f4'", "(1, \0)"), "is no array file"),
    (header("'\xff\xfe'", "(1,)"), "is no array file"),
    (header("'<f4'", "(True, 3)"), r"has the shape \(True, 3\), expected lengths of 0 to 2\^40"),
    (header("'<f4'", "(2.0, 3)"), "is no array file"),
    (header("'<f4'", f"({2**62}, {2**62})"), "expected lengths of 0 to"),
    (header("'<f4'", "(2," + "1," * 70 + ")") + bytes(8), "has 71 axes, expected at most 64"),
    (header("[('a', [('b', '<f4', (2147483648,))])]", "(4, 3)"), "is no array file"),
    (b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b"x" * 100, "is no array file"),
    (b"\x93NUMPY\x09\x00", "is no array file"),
    (header("'<f4'", "(4, 3"), "is no array file"),
    (b"\x93NUMPY\x01\x00\x40\x00{'descr': '<f4', 'fortran_order': False, 'shape': (4," + b" " * 40, "is no array file"),
]


@pytest.mark.parametrize(("data", "message"), HEADERS)
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("folder", [False, True])
def test_hostile_headers(tmp_path: Path, data: bytes, message: str, packed: bool, folder: bool) -> None:
    path = tmp_path / ("x.npz" if packed else "x.npy")
    if packed:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.npy", data)
    else:
        path.write_bytes(data)
    with pytest.raises(DataError, match=message.replace("|", r"\|")) as caught:
        _ = [item.load() for item in open_source(tmp_path if folder else path)]
    assert len(str(caught.value)) < MAX_MESSAGE


@pytest.mark.parametrize("lengths", ["(1000000000000, 0)", f"({2**40}, 0, 3)"])
def test_a_trillion_samples_without_elements(tmp_path: Path, lengths: str) -> None:
    (tmp_path / "x.npy").write_bytes(header("'<f4'", lengths))
    with pytest.raises(DataError, match=r"claims [0-9]+ samples without elements"):
        open_source(tmp_path / "x.npy")


@pytest.mark.parametrize("folder", [False, True])
def test_what_does_not_fit_is_not_unpacked(tmp_path: Path, folder: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "x.npz", x=np.zeros((1, 300_000), np.float32), other=np.zeros((1, 5)))
    monkeypatch.setattr(Stored, "read", lambda self: pytest.fail(f"{self.label} was read"))
    monkeypatch.setattr("rfonnx.data.arrays.Rows._row", lambda *_: pytest.fail("a row was read"))
    (item,) = open_source(tmp_path if folder else tmp_path / "x.npz")
    with pytest.raises(SampleError, match=r"has the shape 300000|has the shape 1x300000"):
        Preparer([spec((1, 3, 8, 8))], Preparation())(item.load())


def test_only_what_the_model_takes_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "x.npz", x=np.ones((1, 3), np.float32), other=np.zeros((1, 50_000)))
    kept = Stored.read
    read: list[str] = []
    monkeypatch.setattr(Stored, "read", lambda self: read.append(self.label) or kept(self))
    (item,) = open_source(tmp_path)
    np.testing.assert_array_equal(Preparer([spec((1, 3))], Preparation())(item.load())["x"], np.ones(3))
    assert read == ["array 'x' of 'x.npz'"]


def test_rows_can_be_kept_for_later_and_left_out(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).standard_normal((5, 7)).astype(np.float32)
    np.savez_compressed(tmp_path / "x.npz", x=rows)
    samples = [item.load() for item in open_source(tmp_path / "x.npz")]
    np.testing.assert_array_equal([samples[index].arrays[""] for index in (4, 1)], rows[[4, 1]])
    every_second = [item.load().arrays[""] for i, item in enumerate(open_source(tmp_path / "x.npz")) if i % 2]
    np.testing.assert_array_equal(every_second, rows[1::2])


def png(width: int, height: int) -> bytes:
    """A grey image of nothing but zeros, as small as deflate can make it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 1) * height), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_an_image_that_is_nearly_empty_is_not_decoded(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(png(6000, 6000))
    (item,) = open_source(tmp_path)
    with pytest.raises(DataError, match=r"6000 x 6000 pixels in [0-9]+ bytes, expected at least a byte for 100"):
        item.load()


def test_a_thin_image_is_not_resized_into_billions_of_pixels(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(png(60_000, 1))
    (item,) = open_source(tmp_path)
    with pytest.raises(DataError, match=r"would be resized to 224 x 13440000, more than"):
        Preparer([spec((1, 1, None, None))], Preparation(size=224))(item.load())


def test_a_file_that_is_not_there_is_not_to_be_saved_again(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="check the path, and that you may read it"):
        stored_arrays(tmp_path / "missing.npz")
