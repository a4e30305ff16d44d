"""External data: paths may not leave the model's folder; only small tensors that somebody asks for are read."""

import shutil

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from rfonnx.errors import ModelError
from rfonnx.model.reading.load import load


@pytest.fixture
def weight():
    return np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def saved(tmp_path, weight):
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[2,3] x) => (float[2,4] y) { y = MatMul(x, w) }'
    )
    model.graph.initializer.append(numpy_helper.from_array(weight, "w"))
    path = tmp_path / "m.onnx"
    onnx.save(model, path, save_as_external_data=True, location="m.data", size_threshold=0)
    return path


def with_location(path, location, **entries):
    model = onnx.load(path, load_external_data=False)
    tensor = model.graph.initializer[0]
    del tensor.external_data[:]
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=value)
    return model


def test_data_is_not_needed_but_read_when_asked(saved, weight):
    graph = load(saved)
    assert graph.shapes["y"] == (2, 4)
    np.testing.assert_array_equal(graph.value("w"), weight)


def test_absent_data_is_no_error(saved):
    (saved.parent / "m.data").unlink()
    graph = load(saved)
    assert (graph.shapes["w"], graph.value("w"), graph.shapes["y"]) == ((3, 4), None, (2, 4))


def test_data_that_is_too_short(saved):
    (saved.parent / "m.data").write_bytes(b"1234")
    assert load(saved).value("w") is None


def test_bytes_have_no_folder(saved):
    assert load(saved.read_bytes()).value("w") is None


def test_symlinked_cache_layout(saved, tmp_path, weight):
    """Hugging Face: snapshots/m.onnx -> ../blobs/1, and the data beside the link, not beside its target."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots"
    blobs.mkdir()
    snapshot.mkdir()
    for name, blob in (("m.onnx", "1"), ("m.data", "2")):
        shutil.move(tmp_path / name, blobs / blob)
        (snapshot / name).symlink_to(f"../blobs/{blob}")
    np.testing.assert_array_equal(load(snapshot / "m.onnx").value("w"), weight)


def test_data_in_a_subfolder(saved, weight):
    (saved.parent / "sub").mkdir()
    shutil.move(saved.parent / "m.data", saved.parent / "sub" / "w")
    onnx.save(with_location(saved, "./sub/../sub/w"), saved)
    np.testing.assert_array_equal(load(saved).value("w"), weight)


@pytest.mark.parametrize(
    "location",
    [
        "/etc/passwd",
        "../m.data",
        "a/../../m.data",
        "..",
        "C:\\weights",
        "\\\\server\\share",
        "a\\..\\..\\m.data",
        "C:m.data",
    ],
)
def test_paths_that_leave_the_folder(saved, location):
    with pytest.raises(ModelError, match=r"tensor 'w' has its data at .*, outside the model's folder") as caught:
        load(with_location(saved, location))
    assert "external data must lie in the model's own folder" in str(caught.value)


@pytest.mark.parametrize("location", ["", "a\0b"])
def test_paths_that_are_none(saved, location):
    with pytest.raises(ModelError, match=r"tensor 'w' has (external data without a path|a name that holds a NUL)"):
        load(with_location(saved, location))


@pytest.mark.parametrize("offset", ["-1", "x", "1e3", "9" * 40])
def test_offsets_that_are_none(saved, offset):
    with pytest.raises(ModelError, match=r"has its data at offset .*, expected a number"):
        load(with_location(saved, "m.data", offset=offset))


def test_paths_of_constant_nodes_and_branches(saved):
    tensor = with_location(saved, "../up").graph.initializer[0]
    model = onnx.load(saved, load_external_data=False)
    model.graph.ClearField("initializer")
    model.graph.node.insert(0, helper.make_node("Constant", [], ["w"], value=tensor))
    with pytest.raises(ModelError, match="outside the model's folder"):
        load(model)


def test_half_bytes(tmp_path):
    packed = helper.make_tensor("w", onnx.TensorProto.INT4, [3], [1, -2, 3])
    (tmp_path / "w").write_bytes(packed.raw_data or bytes(packed.int32_data))
    model = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["" : 21]> g (float[3] x) => (float[3] y) { i = Cast<to=1>(w) y = Add(x, i) }'
    )
    tensor = model.graph.initializer.add(name="w", dims=[3], data_type=onnx.TensorProto.INT4, data_location=1)
    tensor.external_data.add(key="location", value="w")
    onnx.save(model, tmp_path / "m.onnx")
    assert load(tmp_path / "m.onnx").value("w").astype(int).tolist() == [1, -2, 3]
