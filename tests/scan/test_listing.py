"""Folders, patterns, lists and addresses, and what stands for nothing."""

from __future__ import annotations

import errno
import os
import zipfile
from pathlib import Path
from typing import Any

import fsspec
import pytest

from rfonnx.errors import DataError
from rfonnx.scanning.alone import How
from rfonnx.scanning.fleet import scan
from rfonnx.scanning.listing import Listed, listed
from rfonnx.scanning.remote import fetch
from scan.troublemakers import small


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a" / "deep").mkdir(parents=True)
    for name in ("a/2.onnx", "a/1.ONNX", "a/deep/3.onnx", "a/notes.md", "4.onnx"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "list.txt").write_text("# a comment\n\na/2.onnx\n  4.onnx  \nmemory://m/5.onnx\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("a", ["a/1.ONNX", "a/2.onnx", "a/deep/3.onnx"]),
        ("a/*.onnx", ["a/2.onnx"]),
        ("**/*.onnx", ["4.onnx", "a/2.onnx", "a/deep/3.onnx"]),
        ("[a]", ["a/1.ONNX", "a/2.onnx", "a/deep/3.onnx"]),
        ("missing.onnx", ["missing.onnx"]),
        ("list.txt", ["a/2.onnx", "4.onnx", "memory://m/5.onnx"]),
    ],
)
def test_a_word_becomes_models(folder: Path, word: str, names: list[str]) -> None:
    assert [one.name for one in listed([word])] == names


def test_a_model_is_listed_once(folder: Path) -> None:
    assert [one.name for one in listed(["a", "a/2.onnx", "4.onnx", "a"])] == [
        "a/1.ONNX",
        "a/2.onnx",
        "a/deep/3.onnx",
        "4.onnx",
    ]


def test_other_spellings_of_a_name_are_the_same_model(folder: Path) -> None:
    (folder / "link.onnx").symlink_to("4.onnx")
    (folder / "again").symlink_to("a")
    words = [
        "a/2.onnx",
        "./a/2.onnx",
        str(folder / "a" / "2.onnx"),
        "a/../a/2.onnx",
        "again/2.onnx",
        "4.onnx",
        "link.onnx",
    ]
    assert [one.name for one in listed(words)] == ["a/2.onnx", "4.onnx", "link.onnx"]


def test_a_list_may_begin_with_a_mark(folder: Path) -> None:
    (folder / "list.txt").write_bytes(b"\xef\xbb\xbf4.onnx\r\na/2.onnx\r\n")
    assert [one.name for one in listed(["list.txt"])] == ["4.onnx", "a/2.onnx"]


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may list all: the system's answer is made up."""
    (tmp_path / "closed").mkdir()
    small(tmp_path / "a.onnx")
    scandir = os.scandir

    def refusing(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refusing)
        models = listed([str(tmp_path)])
    assert [Path(one.name).name for one in models] == ["a.onnx", "closed"]
    found = scan(models, How())
    assert [one["state"] for one in found] == ["reported", "refused"]
    assert found[1]["reason"].startswith("it cannot be read: ")


def test_links_to_folders_are_not_entered(folder: Path) -> None:
    (folder / "a" / "deep" / "up").symlink_to(folder)
    assert len(listed(["a"])) == 3


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("", "an empty name: there are no models"),
        ("nothing", "no such file or folder"),
        ("no*.onnx", "there are no models"),
        ("a/notes.md", "neither a model nor a list"),
        ("what://ever", "cannot be opened"),
        ("memory://none/x.onnx/y", "there are no models"),
    ],
)
def test_what_stands_for_nothing_is_said(folder: Path, word: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        listed([word])


def test_addresses_are_listed_and_fetched(tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    for name in ("/fleet/b.onnx", "/fleet/sub/a.onnx", "/fleet/readme.txt"):
        memory.pipe(name, name.encode())
    found = listed(["memory://fleet"])
    assert found == [Listed("memory:///fleet/b.onnx", True), Listed("memory:///fleet/sub/a.onnx", True)]
    assert listed(["memory://fleet/*.onnx"]) == found[:1]
    assert fetch(found[0].name, tmp_path).read_bytes() == b"/fleet/b.onnx"
    with pytest.raises(DataError, match="cannot be read"):
        fetch("memory://fleet/c.onnx", tmp_path)


@pytest.mark.parametrize("pattern", ["*.onnx", "sub/*", ""])
def test_models_in_an_archive_are_named_with_it(tmp_path: Path, pattern: str) -> None:
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("a.onnx", "sub/B.ONNX", "sub/notes.md"):
            file.writestr(name, name)
    found = [one.name for one in listed([f"zip://{pattern}::{archive}"])]
    inside = {"*.onnx": ["a.onnx"], "sub/*": ["sub/B.ONNX"], "": ["a.onnx", "sub/B.ONNX"]}[pattern]
    assert found == [f"zip://{name}::{archive}" for name in inside]
    assert [fetch(name, tmp_path).read_text() for name in found] == inside
