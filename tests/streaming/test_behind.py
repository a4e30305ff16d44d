"""Both halves of a model that is cut: up to a tensor, and from a tensor on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

import rfonnx
from rfonnx.cli.main import run
from rfonnx.errors import QueryError
from streaming.holding import right
from streaming.nets import Net


def normed() -> tuple[onnx.ModelProto, str, str]:
    """Convolutions, a norm over all frames, convolutions; and the tensors before and behind the norm."""
    net = Net()
    before = net.add("Relu", net.conv("x", 2, 2, [5], pads=[2, 2]))
    after = net.add("InstanceNormalization", before, net.numbers(2), net.numbers(2))
    last = net.conv(net.add("Elu", after), 2, 3, [3], strides=[2], pads=[1, 1])
    return net.model([1, 2, "t"], last), before, after


def test_both_halves_stream_and_make_the_whole() -> None:
    model, before, after = normed()
    with pytest.raises(rfonnx.RfonnxError, match=f"InstanceNorm.*--until '{before}'.*--from '{after}'"):
        rfonnx.stream(model, "x", 2)
    first = rfonnx.stream(model, "x", 2, 4, outputs=[before])
    second = rfonnx.stream(model, axis=2, chunk=4, after=after)
    assert right(first)
    assert right(second)
    assert second.verify().passed
    assert (second.manifest.input, second.manifest.axis, second.unit) == (after, 2, 2)

    x = np.random.default_rng(0).standard_normal((1, 2, 37), np.float32)
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    whole.graph.output.append(onnx.ValueInfoProto(name=after))
    session = onnxruntime.InferenceSession(whole.SerializeToString())
    (wanted, middle) = session.run([model.graph.output[0].name, after], {"x": x})
    stream = rfonnx.Stream(second.model)
    parts = [stream.push(middle[..., i : i + 4]) for i in range(0, 36, 4)] + [stream.finish(middle[..., 36:])]
    made = np.concatenate([part[model.graph.output[0].name] for part in parts], 2)
    assert made.shape == wanted.shape
    assert np.abs(made - wanted).max() <= 1e-5 * np.abs(wanted).max()


def test_a_half_is_verified_against_the_whole_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, _, after = normed()
    path, made = tmp_path / "m.onnx", tmp_path / "s.onnx"
    onnx.save(model, path)
    assert run(["stream", str(path), "--from", after, "--axis", "2", "--chunk", "4", "-o", str(made)]) == 0
    assert f" of {after} along axis 2: 4 in, 2 out" in capsys.readouterr().out
    assert run(["stream", "verify", str(path), str(made)]) == 0
    weight = model.graph.node[-1].input[1]
    for tensor in model.graph.initializer:
        if tensor.name == weight:
            array = onnx.numpy_helper.to_array(tensor) * 2
            tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
    onnx.save(model, path)
    assert run(["stream", "verify", str(path), str(made)]) == 1


def test_what_cannot_be_cut_is_told() -> None:
    model, _, after = normed()
    with pytest.raises(QueryError, match="is not made by a node"):
        rfonnx.stream(model, axis=2, after="nothing")
    with pytest.raises(QueryError, match="'x' is an input; give it with --input"):
        rfonnx.stream(model, axis=2, after="x")
    with pytest.raises(QueryError, match="'x' is an input, and no node makes it"):
        rfonnx.stream(model, "x", 2, outputs=["x"])
    other = Net()
    shape = other.add("Shape", "x")
    made = other.model([1, 1, "t"], other.conv(other.add("Reshape", "x", shape), 1, 2, [3]))
    for name in (shape, other.weights[0].name):
        with pytest.raises(QueryError, match="is a constant, or made of shapes alone"):
            rfonnx.stream(made, axis=0, after=name)
    with pytest.raises(QueryError, match="has 3 axes, and no axis 5"):
        rfonnx.stream(model, axis=5, after=after)
    with pytest.raises(QueryError, match="both an input and a tensor"):
        rfonnx.stream(model, "x", axis=2, after=after)
    with pytest.raises(QueryError, match="nothing is made of tensor"):
        rfonnx.stream(model, axis=2, after=model.graph.output[0].name)
    net = Net()
    joined = net.model([1, 2, "t"], net.add("Add", "x", net.add("Relu", net.add("Elu", "x"))))
    with pytest.raises(QueryError, match="needs input 'x' beside it"):
        rfonnx.stream(joined, axis=2, after="elu0")


def test_other_inputs_stay_beside_the_cut(tmp_path: Path) -> None:
    """A pitch tracker takes its range of frequencies beside the sound: what is behind the front end takes it, too."""
    net = Net()
    before = net.add("Relu", net.conv("x", 2, 2, [3], pads=[1, 1]))
    made = net.add("Min", net.conv(before, 2, 2, [5], pads=[2, 2]), "most")
    model = net.model([1, 2, "t"], made, most=[1, 2, 1])
    path = tmp_path / "m.onnx"
    onnx.save(model, path)
    plan = rfonnx.stream(path, axis=2, after=before)
    assert (plan.manifest.others, plan.delay) == (("most",), {made: 2})
    assert plan.save(tmp_path / "s.onnx").passed
    assert run(["stream", "verify", str(path), str(tmp_path / "s.onnx")]) == 0


def test_a_part_that_takes_one_length_is_streamed_at_that() -> None:
    """An export of a fixed length, in which a Reshape says how many frames there are."""
    net = Net()
    before = net.add("Relu", net.conv("x", 2, 3, [3], pads=[1, 1]))
    flat = net.add("Reshape", net.conv(before, 3, 2, [5], pads=[2, 2]), net.ints(1, 2, 40))
    model = net.model([1, 2, 40], flat)
    plan = rfonnx.stream(model, axis=2, after=before)
    assert (plan.manifest.input, plan.manifest.fixed, plan.delay) == (before, 40, {flat: 2})
    assert plan.verify().passed
