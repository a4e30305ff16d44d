"""What is no model says so in one line; what is one is read the same way from a path, bytes or memory."""

import io
import json
import os
import zipfile

import onnx
import pytest
from google.protobuf import json_format, text_format

from rfonnx.errors import ModelError
from rfonnx.model.reading.load import load

TEXT = '<ir_version: 8, opset_import: ["" : 17]> small (float[1,3] x) => (float[1,3] y) { y = Relu(x) }'


@pytest.fixture
def model() -> onnx.ModelProto:
    return onnx.parser.parse_model(TEXT)


def refused(path, *, match):
    with pytest.raises(ModelError, match=match) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_path_bytes_and_proto_agree(model, tmp_path):
    path = tmp_path / "m.onnx"
    onnx.save(model, path)
    graphs = [load(path), load(str(path)), load(model.SerializeToString()), load(model)]
    nodes = [[(n.kind, n.name, n.inputs, n.outputs, n.attrs, n.version) for n in g.nodes] for g in graphs]
    assert nodes == [[("Relu", "", ("x",), ("y",), {}, 17)]] * 4
    assert [(g.inputs, g.outputs, g.shapes) for g in graphs] == [
        (("x",), ("y",), {"x": (1, 3), "y": (1, 3)}),
    ] * 4
    assert (graphs[0].name, graphs[0].ir_version, graphs[0].opsets) == ("m.onnx", 8, {"": 17})


def test_the_callers_model_is_not_changed(model):
    before = model.SerializeToString()
    load(model)
    assert model.SerializeToString() == before


def test_missing_file(tmp_path):
    assert "nowhere.onnx: no such file" in refused(tmp_path / "nowhere.onnx", match="check the path")


def test_path_with_a_null_byte():
    refused("a\0b.onnx", match="cannot be read")


def test_folder(tmp_path):
    refused(tmp_path, match="is a folder, expected an ONNX file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "m.onnx")
    refused(tmp_path / "m.onnx", match="is no regular file")


def test_file_beyond_protobufs_limit_is_not_read(tmp_path):
    path = tmp_path / "m.onnx"
    with path.open("wb") as file:
        file.truncate(2**31)  # sparse: takes no room
    refused(
        path, match=r"holds 2147483648 bytes, but .* at most 2 GiB; save the model with its weights as external data"
    )


def test_empty_file(tmp_path):
    (tmp_path / "m.onnx").touch()
    refused(tmp_path / "m.onnx", match="is empty, expected an ONNX model")
    refused(b"", match="is empty")


def test_truncated_at_every_byte(model):
    data = model.SerializeToString()
    for length in range(1, len(data)):
        with pytest.raises(ModelError):
            load(data[:length])


@pytest.mark.parametrize(
    ("data", "way_out"),
    [
        (b"\x07" * 300, "download or export it again"),
        (b'{"irVersion": "8"}', "text forms"),
        (b"ir_version: 8", "text forms"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "git lfs pull"),
        (b"PK\x03\x04rest", "PyTorch checkpoint"),
        (b"\x89HDF\r\n\x1a\n", "tf2onnx"),
        (b"\x1c\0\0\0TFL3" + b"\0" * 32, "flatbuffer"),
    ],
)
def test_other_files(data, way_out):
    refused(data, match=way_out)


def test_text_forms_of_a_real_model(model):
    refused(json_format.MessageToJson(model).encode(), match="text forms")
    refused(text_format.MessageToString(model).encode(), match="text forms")
    refused(json.dumps([1, 2]).encode(), match="is no ONNX model|holds no graph")


def test_checkpoint():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", b"\x80\x02.")
    refused(archive.getvalue(), match="export it with torch.onnx.export")


def test_garbage_that_parses_as_an_empty_message():
    refused(b"\x9a\x06\x00", match="it holds no graph")  # an unknown field


@pytest.mark.parametrize(("gone", "what"), [("node", "has no nodes"), ("output", "has no outputs")])
def test_hollow_models(model, gone, what):
    model.graph.ClearField(gone)
    refused(model, match=what)
    model.ClearField("graph")
    refused(model, match="holds no graph")


@pytest.mark.parametrize("version", [0, 999])
def test_unknown_opset(model, version):
    model.opset_import[0].version = version
    refused(model, match=f"uses ai.onnx opset {version}, but onnx .* knows 1 to [0-9]+; install a newer onnx")


@pytest.mark.parametrize("version", [-1, 2**40])
def test_opset_of_an_impossible_version(model, version):
    model.opset_import.append(onnx.helper.make_opsetid("ai.onnx.ml", version))
    refused(model, match=f"imports opset ai.onnx.ml in version {version}, expected 0 to 2147483647; export it again")


def test_opset_in_two_versions(model):
    model.opset_import.append(onnx.helper.make_opsetid("ai.onnx", 18))
    refused(model, match="imports opset ai.onnx in the versions 17 and 18")


def test_no_opset(model):
    model.ClearField("opset_import")
    refused(model, match="imports no ai.onnx opset")
    model.ir_version = 2
    assert load(model).opsets == {"": 1}


def test_names_that_are_no_text(model):
    data = model.SerializeToString()
    assert data.count(b"\x01x") == 2
    refused(data.replace(b"\x01x", b"\x01\xff"), match="has a name that is no UTF-8 text")


def test_a_name_cannot_break_the_line(model):
    model.graph.node[0].input[0] = "evil\n\x1b[31mname" + "a" * 1000
    message = refused(model, match=r"evil\\n\\x1b\[31mname")
    assert len(message) < 500
