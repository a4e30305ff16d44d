"""Statistics of all frames that are inputs of a stream: it is the file as long as they are the file's own."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.cli.main import run
from rfonnx.errors import DataError, QueryError
from rfonnx.results.streaming import METADATA
from rfonnx.streaming.figures import Figure
from rfonnx.streaming.manifest import from_json, to_json
from rfonnx.streaming.offline import hold, within
from rfonnx.streaming.stream_plan import StreamPlan
from streaming.holding import right
from streaming.nets import Net
from streaming.wholes import WHOLES, gated, instance_norm, output_too, written_out


def planned(model: onnx.ModelProto, chunk: int | None = None, **more: object) -> StreamPlan:
    open_batch = model.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    shapes = {"b": 3} if open_batch else None
    return rfonnx.stream(model, "x", 2, chunk, shapes=shapes, **{"statistics": "all", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", WHOLES)
def test_a_stream_is_the_file_for_its_own_statistics(name: str) -> None:
    make, count = WHOLES[name]
    plan = planned(make())
    assert len(plan.manifest.statistics) == count
    assert right(plan)
    assert plan._structure({plan.unit: plan}).differences == ()
    assert plan.waits or [one.delay for one in plan.manifest.outputs] == [one.least for one in plan.manifest.outputs]
    assert bool(plan.waits) == ("padded" in name)
    assert from_json(to_json(plan.manifest), "m") == plan.manifest
    assert json.loads(to_json(plan.manifest))["format"] == 4


@pytest.mark.parametrize("name", WHOLES)
def test_what_a_refusal_offers_works(name: str) -> None:
    """One after another, until the net streams."""
    model, asked = WHOLES[name][0](), list[str]()
    for _ in range(WHOLES[name][1]):
        with pytest.raises(rfonnx.RfonnxError, match="--statistic") as found:
            planned(model, statistics=asked)
        refused = str(found.value).partition(" that makes ")[0]
        said = found.value.hint.split("--statistic ")[1:]
        asked += [word.strip().strip("'") for word in said]
        with suppress(rfonnx.RfonnxError):
            assert right(planned(model, statistics=asked))
            return
        with pytest.raises(rfonnx.RfonnxError) as found:
            planned(model, statistics=asked)
        assert not str(found.value).startswith(refused)
    raise AssertionError(f"{asked} were given, and it does not stream")


def test_frames_of_several_chunks_and_a_rest() -> None:
    """By hand, without what verifying does."""
    model = written_out()
    plan = planned(model, 4)
    x = np.random.default_rng(1).standard_normal((3, 2, 43), np.float32) * 2 + 1
    (wanted,) = within(plan.source.offline)([model.graph.output[0].name], {"x": x})
    stream = rfonnx.Stream(plan.model, statistics=plan.measure(x))
    parts = [stream.push(x[..., i : i + 4]) for i in range(0, 40, 4)] + [stream.finish(x[..., 40:])]
    made = np.concatenate([part[model.graph.output[0].name] for part in parts], 2)
    assert made.shape == wanted.shape
    assert np.abs(made - wanted).max() <= 1e-5 * np.abs(wanted).max()
    stream.reset(plan.measure(x[..., :20]))
    (part, *_) = [stream.push(x[..., i : i + 4]) for i in range(0, 40, 4)][5].values()
    assert np.abs(part - made[..., 20 - plan.manifest.outputs[0].delay :][..., :4]).max() > 1e-3


def found_by(plan: StreamPlan) -> float:
    """How far a stream is from the file, as a share of the largest value."""
    found = hold(within(plan.source.offline), rfonnx.Stream(plan.model), "net", measured=plan._measured(None))
    assert found.passed == (found.worst <= found.tolerance)
    return found.worst


def rewired(model: onnx.ModelProto, names: dict[str, str]) -> None:
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]


def test_a_wrong_statistic_is_found() -> None:
    """Of two of one shape, each in the other's place."""
    plan = planned(written_out(), 4, flat=True)
    first, _, third, _ = (one.input for one in plan.manifest.statistics)
    rewired(plan.model, {first: third, third: first})
    assert found_by(plan) > 1e-3


def test_a_statistic_that_is_not_used_is_found() -> None:
    for place in range(2):
        plan = planned(instance_norm(), 4, flat=True)
        name = plan.manifest.statistics[place].input
        plan.model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones((3, 4, 1), np.float32), "ones"))
        rewired(plan.model, {name: "ones"})
        assert found_by(plan) > 1e-3


def test_an_epsilon_that_is_left_out_is_found() -> None:
    plan = planned(instance_norm(), 4, flat=True)
    added = next(node for node in plan.model.graph.node if plan.manifest.statistics[1].input in node.input)
    assert added.op_type == "Add"
    added.op_type, added.input[:] = "Identity", [plan.manifest.statistics[1].input]
    assert found_by(plan) > 1e-4


def test_another_variance_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """By n - 1."""
    own = Figure.measured

    def unbiased(self: Figure, array: np.ndarray) -> np.ndarray:
        count = np.prod([array.shape[axis] for axis in self.axes])
        return own(self, array) * np.float32(count / (count - 1) if self.kind == "variance" else 1)

    plan = planned(instance_norm(), 4)
    monkeypatch.setattr(Figure, "measured", unbiased)
    assert found_by(plan) > 1e-3


def test_one_by_name_leaves_the_others() -> None:
    model = gated()
    plan = planned(model, statistics=["sigmoid5"])
    assert [(one.input, one.shape) for one in plan.manifest.statistics] == [("sigmoid5", (3, 4, 1))]
    assert right(plan)
    assert planned(output_too(), statistics="reducemean1").manifest.finals == ("reducemean1",)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("nothing", "no node is called 'nothing'"),
        ("conv0", "has frames: 'conv0' is nothing that is taken of all of them; stream what is behind it: --from"),
        ("layernormalization1", "takes its statistics of each frame"),
    ],
)
def test_what_is_no_statistic_is_told(asked: str, said: str) -> None:
    net = Net()
    x = net.add("LayerNormalization", net.conv("x", 2, 4, [3], pads=[1, 1]), net.numbers(4), net.numbers(4), axis=-1)
    turned = Net()
    y = turned.conv("x", 2, 4, [3], pads=[1, 1])
    normed = turned.add("LayerNormalization", turned.add("Transpose", y, perm=[0, 2, 1]), turned.numbers(4), axis=-1)
    model = turned.model([1, 2, "t"], normed)
    assert x
    asked = normed if asked.startswith("layer") else asked
    with pytest.raises(QueryError, match=said):
        planned(model, statistics=asked)


def test_where_nothing_blocks_there_is_nothing_to_give() -> None:
    net = Net()
    with pytest.raises(QueryError, match="leave out --statistic all"):
        planned(net.model([1, 2, "t"], net.conv("x", 2, 2, [3])))


def test_a_stream_says_what_it_is_not_given() -> None:
    plan = planned(instance_norm(), 4)
    names = [one.input for one in plan.manifest.statistics]
    stream = rfonnx.Stream(plan.model)
    with pytest.raises(DataError, match=f"statistics are missing: '{names[0]}', '{names[1]}'; measure them with"):
        stream.push(np.zeros((3, 2, 4), np.float32))
    with pytest.raises(DataError, match=f"are missing: '{names[1]}'"):
        stream.reset({names[0]: np.zeros((3, 4, 1))})
    with pytest.raises(
        DataError, match=r"has shape \(4,\), expected \(3, 4, 1\); it is the mean over axis 2 of 'relu1'"
    ):
        stream.reset(dict.fromkeys(names, np.zeros(4)))
    with pytest.raises(DataError, match="not taken: 'other'"):
        stream.reset(dict.fromkeys([*names, "other"], np.zeros((3, 4, 1))))
    with pytest.raises(QueryError, match="takes no statistics"):
        planned(written_out(), statistics=(), outputs=["conv0"]).measure(np.zeros((3, 2, 9), np.float32))


def test_a_figure_is_told_by_what_makes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a node joins what is taken of all frames, and is the first that holds it alone."""
    net = Net()
    mean = net.add("ReduceMean", "x", axes=[2], keepdims=1)
    given = net.add("Sqrt", net.add("Mul", mean, mean))
    onnx.save(net.model([1, 2, "t"], net.add("Mul", "x", given)), tmp_path / "m.onnx")
    assert run(["stream", str(tmp_path / "m.onnx"), "--statistic", given, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert f"given: {given} of shape [1, 2, 1], what Sqrt makes of all frames, '{given}'" in said


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, made, recording, stats = (tmp_path / name for name in ("m.onnx", "s.onnx", "x.npy", "stats.npz"))
    onnx.save(written_out(), path)
    ask = [str(path), "--axis", "2", "--chunk", "4", "--shape", "b=2", "--statistic"]
    assert run(["stream", *ask, "all", "-o", str(made)]) == 0
    said = capsys.readouterr().out
    assert "given: reducemean1 of shape [2, 1, 1], the mean over axes 1, 2 of 'conv0'" in said
    assert "assumed: the host gives statistics of all frames" in said
    assert "each given what the offline model takes of the same frames" in said
    assert run(["stream", "verify", str(path), str(made)]) == 0
    assert "given statistics as the offline model takes them of the same frames" in capsys.readouterr().out
    x = np.random.default_rng(1).standard_normal((2, 2, 40), np.float32)
    np.save(recording, x)
    assert run(["stream", "statistics", str(path), str(made), "--data", str(recording), "-o", str(stats)]) == 0
    measured = dict(np.load(stats))
    rfonnx.Stream(made, statistics=measured).push(x[..., :4])
    mean = within(rfonnx.stream(path, outputs=["conv0"], shapes={"b": 2}, axis=2).source.offline)(["conv0"], {"x": x})[
        0
    ]
    assert np.allclose(measured["reducemean1"], mean.mean((1, 2), keepdims=True), atol=1e-6)
    assert run(["stream", *ask, "nothing", "--dry-run"]) == 2
    assert run(["stream", "statistics", str(path), str(path), "--data", str(recording), "-o", str(stats)]) == 2
    model = onnx.load(path)
    model.graph.initializer[0].raw_data = (onnx.numpy_helper.to_array(model.graph.initializer[0]) * 2).tobytes()
    onnx.save(model, path)
    assert run(["stream", "verify", str(path), str(made)]) == 1


def test_a_manifest_that_lies_about_statistics_is_refused() -> None:
    plan = planned(instance_norm(), 4)
    plain = json.loads(to_json(plan.manifest))
    for key, value in (("shape", [10**6, 10**6]), ("dtype", "object"), ("input", "x"), ("meaning", 3)):
        plain["statistics"][0][key], kept = value, plain["statistics"][0][key]
        with pytest.raises(rfonnx.RfonnxError, match=r"cannot be (used|read)"):
            from_json(json.dumps(plain), "m")
        plain["statistics"][0][key] = kept
    plain["statistics"][0]["input"] = "elsewhere"
    next(entry for entry in plan.model.metadata_props if entry.key == METADATA).value = json.dumps(plain)
    with pytest.raises(rfonnx.RfonnxError, match="is not in both"):
        rfonnx.Stream(plan.model)


def test_with_a_steady_start_and_with_a_cache() -> None:
    """Both change the model, too; statistics are those of the changed one."""
    net = Net()
    first = net.conv(net.pad("x", 3, 2, 2, 2, "reflect"), 2, 2, [5])
    normed = net.add("InstanceNormalization", first, net.numbers(2), net.numbers(2))
    model = net.model([1, 2, "t"], net.conv(net.pad(normed, 3, 2, 1, 1, "reflect"), 2, 2, [3]))
    for start in ("exact", "steady"):
        plan = planned(model, start=start)
        assert list(plan.delay.values()) == [3]
        assert plan.verify().passed
    net = Net()
    centred = net.add("Sub", "x", net.add("ReduceMean", "x", axes=[1], keepdims=1))
    attended = net.attention(net.layer_norm(centred, 8), net.window(centred, 2**40, 0))
    model = net.model([1, "t", 8], net.add("Add", centred, attended))
    assert rfonnx.stream(model, "x", 1, statistics="all", cache=4).verify().passed
