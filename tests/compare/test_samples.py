"""Samples from folders, stacks and generators; what is broken is named."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rfonnx.data.samples import Sample, open_source
from rfonnx.errors import DataError
from rfonnx.model.inputs import InputType, Random


def loaded(path: Path) -> list[Sample]:
    return [item.load() for item in open_source(path)]


def picture(path: Path, seed: int = 0, mode: str = "RGB", size: tuple[int, int] = (9, 7)) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(path)
    return pixels


def test_folder_in_order_of_paths(tmp_path: Path) -> None:
    for index, name in enumerate(["b/2.png", "b/1.png", "a.bmp", ".hidden.png", "b/.git/x.png"]):
        picture(tmp_path / name, index)
    (tmp_path / "notes.txt").write_text("no sample")
    found = loaded(tmp_path)
    assert [sample.name for sample in found] == ["a.bmp", "b/1.png", "b/2.png"]
    assert all(sample.image for sample in found)
    np.testing.assert_array_equal(found[1].arrays[""], picture(tmp_path / "again.png", 1))


@pytest.mark.parametrize(("mode", "shape"), [("L", (7, 9)), ("1", (7, 9)), ("P", (7, 9, 3)), ("RGBA", (7, 9, 3))])
def test_image_modes(tmp_path: Path, mode: str, shape: tuple[int, ...]) -> None:
    picture(tmp_path / "x.png", mode=mode)
    assert loaded(tmp_path / "x.png")[0].arrays[""].shape == shape


def test_stack_of_rows(tmp_path: Path) -> None:
    rows = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    np.save(tmp_path / "x.npy", rows)
    found = loaded(tmp_path / "x.npy")
    assert [sample.name for sample in found] == [f"x.npy[{i}]" for i in range(4)]
    np.testing.assert_array_equal([sample.arrays[""] for sample in found], rows)
    assert not found[0].image


@pytest.mark.parametrize("compressed", [True, False])
def test_npz_by_name_with_labels(tmp_path: Path, compressed: bool) -> None:
    a, b = np.random.default_rng(0).standard_normal((5, 3)), np.arange(5)
    (np.savez_compressed if compressed else np.savez)(tmp_path / "x.npz", a=a, b=b, labels=np.arange(5) % 2)
    found = loaded(tmp_path / "x.npz")
    np.testing.assert_array_equal([sample.arrays["a"] for sample in found], a)
    assert [int(sample.arrays["b"]) for sample in found] == [0, 1, 2, 3, 4]
    assert [sample.label for sample in found] == [0, 1, 0, 1, 0]


def test_bytes_of_three_axes_are_images(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((2, 5, 6), np.uint8))
    assert loaded(tmp_path / "x.npz")[0].image


def test_folder_of_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "1.npy", np.ones((2, 3)))
    np.savez(tmp_path / "2.npz", x=np.ones(3), mask=np.zeros(3))
    one, two = loaded(tmp_path)
    assert set(one.arrays) == {""}
    assert set(two.arrays) == {"x", "mask"}


def test_random_is_the_same_for_the_same_seed() -> None:
    types = {"x": InputType((3, 4), np.dtype("float32")), "ids": InputType((5,), np.dtype("int64"), (3, 7))}
    one, same, other = ([item.load().arrays for item in Random(types, 3, seed)] for seed in (1, 1, 2))
    for a, b, c in zip(one, same, other, strict=True):
        np.testing.assert_array_equal(a["x"], b["x"])
        assert not np.array_equal(a["x"], c["x"])
        assert 3 <= a["ids"].min() <= a["ids"].max() <= 7


def hostile_npy(shape: str, dtype: str = "'<f4'") -> bytes:
    header = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (hostile_npy("(1000000000000, 4)"), "is cut off"),
        (hostile_npy("(1, 10000000000)"), "is cut off"),
        (hostile_npy("(2, 3)", "'|O'"), "holds Python objects"),
        (hostile_npy("()") + bytes(4), "is a scalar"),
        (hostile_npy("(-1, 2)"), "has the shape"),
        (hostile_npy("(0, 2)"), "holds no samples"),
        (b"nonsense", "is no array file"),
        (b"", "is no array file"),
    ],
)
def test_hostile_arrays(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "x.npy").write_bytes(data)
    with pytest.raises(DataError, match=message):
        open_source(tmp_path / "x.npy")


def test_pickles_are_not_read(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(DataError, match="Python objects"):
        open_source(tmp_path / "x.npy")
    (tmp_path / "f").mkdir()
    np.save(tmp_path / "f" / "x.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(DataError, match="Python objects"):
        loaded(tmp_path / "f")


def test_column_order_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.asfortranarray(np.zeros((3, 4))))
    with pytest.raises(DataError, match="column by column"):
        open_source(tmp_path / "x.npy")


def test_npz_with_a_corrupt_row(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=np.random.default_rng(0).standard_normal((2000, 50)))
    data = bytearray(buffer.getvalue())
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    (tmp_path / "x.npz").write_bytes(data)
    samples = loaded(tmp_path / "x.npz")
    assert samples[0].arrays[""].shape == (50,)
    with pytest.raises(DataError, match="cannot be read at row 1999"):
        _ = samples[-1].arrays[""]


def test_npz_with_lengths_that_differ(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.zeros((3, 1)), b=np.zeros((4, 1)))
    with pytest.raises(DataError, match="different lengths: 'a' 3, 'b' 4"):
        open_source(tmp_path / "x.npz")


def test_zip_that_claims_more_than_it_has(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", hostile_npy("(1000000, 1000)") + bytes(100))
    with pytest.raises(DataError, match="is cut off"):
        open_source(tmp_path / "x.npz")


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(20), b"%!PS-Adobe"])
def test_broken_images_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(DataError, match=r"image 'x.png' cannot be read"):
        loaded(tmp_path)


def test_image_cut_off(tmp_path: Path) -> None:
    picture(tmp_path / "x.png", size=(90, 70))
    data = (tmp_path / "x.png").read_bytes()
    (tmp_path / "x.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match="cannot be read"):
        loaded(tmp_path)


def test_image_of_a_billion_pixels(tmp_path: Path) -> None:
    header = b"P5 100000 100000 255\n"
    (tmp_path / "x.pgm").write_bytes(header + bytes(10))
    with pytest.raises(DataError, match=r"image 'x\.pgm' cannot be read"):
        loaded(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [("missing", "does not exist"), ("empty", "holds no samples"), ("x.txt", "is of no kind that is read")],
)
def test_places_that_hold_nothing(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(DataError, match=message):
        open_source(tmp_path / name)


@pytest.mark.parametrize(
    "labels", [[2, 0, 1, -1], [2.0, 0.0, 1.0, -1.0], np.array([2, 0, 1, -1], np.int8), np.array([2, 0, 1], np.uint64)]
)
def test_labels_are_whole_numbers(tmp_path: Path, labels: object) -> None:
    count = len(labels)  # type: ignore[arg-type]
    np.savez(tmp_path / "x.npz", x=np.zeros((count, 3)), labels=labels)
    assert [item.load().label for item in open_source(tmp_path / "x.npz")] == [2, 0, 1, -1][:count]


def test_labels_may_be_one_hot(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.zeros((3, 3)), labels=np.eye(4, dtype="f")[[3, 0, 2]])
    assert [item.load().label for item in open_source(tmp_path / "x.npz")] == [3, 0, 2]
