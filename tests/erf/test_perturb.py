"""Perturbation against gradients, and against probing every position by itself."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx
from erf.nets import Net, local_net
from rfonnx.effective.probing.fillings import replacement
from rfonnx.errors import ModelError, QueryError, ShapeError
from rfonnx.gradients import GradientError
from rfonnx.model import runtime

PLACES = [(4.0, 4.0), (4.0, 30.0), (20.0, 20.0), (33.0, 8.0)]


def smooth_net(length: int = 24, batch: int | str = 1) -> onnx.ModelProto:
    net = Net([batch, 2, length, length])
    draw = net.random.standard_normal
    a = net.op("Tanh", net.conv("x", draw((4, 2, 3, 3)) / 3))
    net.conv(a, draw((2, 4, 3, 3)) / 4, name="y")
    return net.model("y")


@pytest.mark.parametrize("batch", [1, "N"])
def test_differences_are_gradients(batch: int | str) -> None:
    net = smooth_net(batch=batch)
    places = [(3.0, 3.0), (12.0, 12.0), (20.0, 5.0)]
    differences = rfonnx.erf_many(net, "y", places, n=2, method="perturb", probe="difference")
    gradients = rfonnx.erf_many(net, "y", places, n=2)
    for a, b in zip(differences, gradients, strict=True):
        assert a.scale == pytest.approx(b.scale, rel=1e-3)
        np.testing.assert_allclose(a.map, b.map, atol=1e-3 * b.map.max())
        assert (a.method, a.probe, b.method) == ("perturb", "difference", "gradient")


def brute_occlusion(model: onnx.ModelProto, position: tuple[int, int], sample: np.ndarray) -> np.ndarray:
    """Replace every position of the whole input by the channel's mean, one by one."""
    session = runtime.open_session(model)
    other = sample.mean((2, 3), keepdims=True)
    before = session.run(["y"], {"x": sample})[0]
    found = np.zeros(sample.shape[2:])
    for row, column in np.ndindex(*found.shape):
        changed = sample.copy()
        changed[:, :, row, column] = other[:, :, 0, 0]
        after = session.run(["y"], {"x": changed})[0]
        found[row, column] = abs((after - before)[0, :, position[0], position[1]].sum())
    return found


def test_compressed_occlusion_is_naive_occlusion() -> None:
    net = local_net(40)
    sample = np.random.default_rng(5).standard_normal((1, 2, 40, 40)).astype(np.float32)
    found = rfonnx.erf_many(net, "y", PLACES, data=sample, method="perturb", block=1)
    for erf in found:
        row, column = erf.position[2:]
        assert row is not None
        assert column is not None
        expected = brute_occlusion(net, (row, column), sample)
        # What was not looked into was at most a thousandth of the strongest block.
        np.testing.assert_allclose(erf.map * erf.scale, expected, atol=2e-3 * expected.max())
        assert erf.outside == 0
    assert found[0].naive_runs == 1 + 40 * 40
    assert found[0].runs < found[0].naive_runs / 4


def test_units_that_share_no_pixel_cost_as_much_as_one() -> None:
    net = local_net(64)
    options = {"n": 1, "method": "perturb", "probe": "difference", "crop": False}
    one = rfonnx.erf(net, "y", (8.0, 8.0), **options)
    apart = rfonnx.erf_many(net, "y", [(8.0 + 16 * i, 8.0 + 16 * j) for i in range(4) for j in range(4)], **options)
    assert apart[0].runs == one.runs
    sizes = [hi - lo + 1 for lo, hi in one.field]
    assert one.runs == 2 * 2 * math.prod(sizes)  # both signs, both channels
    np.testing.assert_allclose(apart[0].map, one.map, atol=1e-6 * one.map.max())
    assert one.naive_runs / one.runs >= 20


def test_quiet_blocks_are_not_looked_into() -> None:
    """A unit whose two taps lie 60 apart: two corners of its field count, what is between does not."""
    net = Net([1, 1, 100])
    net.conv("x", np.ones((1, 1, 2)), dilations=[60], name="y")
    erf = rfonnx.erf(net.model("y"), "y", n=1, method="perturb", crop=False)
    lo, hi = erf.field[0]
    assert np.flatnonzero(erf.map).tolist() == [lo, hi]
    assert erf.runs < 40


def test_blocks_may_stay_coarse() -> None:
    fine = rfonnx.erf(local_net(), "y", n=2, method="perturb", block=1)
    coarse = rfonnx.erf(local_net(), "y", n=2, method="perturb", block=3)
    assert coarse.runs < fine.runs / 3
    (top, _), (left, _) = coarse.field
    block = coarse.map[top : top + 3, left : left + 3]
    assert np.ptp(block) == 0


@pytest.mark.parametrize("probe", ["mean", "grey", "noise", "blur"])
def test_every_probe_finds_the_field(probe: str) -> None:
    erf = rfonnx.erf(
        local_net(), "y", n=4, method="perturb", probe=probe, data=np.random.default_rng(0).random((4, 2, 40, 40))
    )
    assert erf.outside == 0
    assert erf.scale > 0
    (top, bottom), (left, right) = erf.field
    assert (erf.map[top : bottom + 1, left : right + 1] > 0).all()


def test_a_change_from_outside_the_field_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The self-check: a field that is too small by a row is found out."""
    from dataclasses import replace

    from rfonnx.effective import subject

    find = subject.find_unit

    def smaller(*given: object) -> object:
        unit = find(*given)  # type: ignore[arg-type]
        (top, bottom), columns = unit.field
        return replace(unit, field=((top + 1, bottom), columns))

    monkeypatch.setattr(subject, "find_unit", smaller)
    for method in ("perturb", "gradient"):
        erf = rfonnx.erf(local_net(), "y", n=2, method=method, crop=False)
        assert erf.outside > 1e-3
        assert any("please report this model" in note for note in erf.notes)


def test_what_has_no_gradient_is_perturbed_when_that_is_left_open() -> None:
    net = Net([1, 1, 16, 16])
    model = net.model(net.op("Round", net.conv("x", np.ones((1, 1, 3, 3))), name="y"))
    with pytest.raises(
        GradientError, match=r"Round.* has no gradient.*; measure it without gradients: --method perturb"
    ):
        rfonnx.erf(model, "y", n=1)
    erf = rfonnx.erf(model, "y", n=8, method="auto")
    assert (erf.method, erf.outside, erf.empty) == ("perturb", 0, False)
    assert any("measured by perturbation: node 'y' (Round)" in note for note in erf.notes)


def test_no_path_for_gradients_is_perturbed_too() -> None:
    net = Net([1, 2, 9])
    model = net.model(net.op("Cast", net.op("ArgMax", net.conv("x", np.eye(2)[..., None]), axis=1), name="y", to=1))
    with pytest.raises(QueryError, match=r"no differentiable path leads from tensor 'y' to x; .* --method perturb"):
        rfonnx.erf(model, "y", n=1)
    erf = rfonnx.erf(model, "y", n=8, method="auto")
    assert (erf.method, erf.outside, np.flatnonzero(erf.map).tolist()) == ("perturb", 0, [4, 13])


def test_what_neither_way_can_measure_gives_the_gradient_s_error(tmp_path: Path) -> None:
    net = Net([1, 1, 9])
    first = net.conv("x", np.ones((1, 1, 3)), name="first")
    net.nodes.append(onnx.helper.make_node("Swirl", [first], ["y"], domain="no.one"))
    model = net.model("y")
    model.opset_import.append(onnx.helper.make_opsetid("no.one", 1))
    model.graph.output[0].CopyFrom(onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 1, 9]))
    onnx.save(model, tmp_path / "net.onnx")
    for method in ("gradient", "perturb", "auto"):
        with pytest.raises(
            ModelError,
            match=r"net.onnx: node 'y' \(no.one.Swirl\) is of an operator that onnxruntime .* choose a tensor",
        ):
            rfonnx.erf(tmp_path / "net.onnx", "y", method=method)
    assert rfonnx.erf(tmp_path / "net.onnx", "first", n=1).field == ((3, 5),)


def test_errors_name_the_file_also_where_the_model_was_cropped(tmp_path: Path) -> None:
    net = Net([1, 1, 90])
    onnx.save(net.model(net.op("Round", net.conv("x", np.ones((1, 1, 3))), name="y")), tmp_path / "net.onnx")
    with pytest.raises(GradientError, match=r"net.onnx: node 'y' \(Round\)"):
        rfonnx.erf(tmp_path / "net.onnx", "y", n=1)


def test_probes_that_are_not_used_are_told() -> None:
    net = Net([1, 5], onnx.TensorProto.INT64)
    table = net.constant(np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32))
    tokens = net.model(net.op("Gather", table, "x", name="y"))
    (note,) = rfonnx.erf(tokens, "y", n=1, method="auto", probe="blur").notes
    assert "whole numbers give way to other ones" in note
    (note,) = rfonnx.erf(local_net(), "y", n=1, method="auto", block=2).notes
    assert "measured by gradients: probe and block are for method 'perturb'" in note


def test_samples_that_are_left_out_leave_nothing_outside() -> None:
    """NaN in the field of one sample: what the check of its outside then gives is no fault of the model."""
    data = np.random.default_rng(0).standard_normal((3, 2, 40, 40)).astype(np.float32)
    data[1, 0, 20, 20] = np.nan
    erf = rfonnx.erf(local_net(), "y", data=data, method="perturb")
    assert [one.sample for one in erf.skipped] == ["sample 1"]
    assert (erf.outside, erf.notes) == (0, ())


def test_tokens_are_replaced_by_others() -> None:
    """A sum over a causal window of embeddings: token 5 reads 3 to 5."""
    net = Net([1, 12], onnx.TensorProto.INT64)
    table = net.constant(np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32))
    tokens = net.op("Transpose", net.op("Gather", table, "x"), perm=[0, 2, 1])
    w = net.constant(np.ones((4, 4, 3), np.float32))
    model = net.model(net.op("Conv", tokens, w, pads=[2, 0], kernel_shape=[3], name="y"))
    erf = rfonnx.erf(model, "y", n=4, method="auto", position=(0, None, 5))
    assert (erf.method, erf.probe) == ("perturb", "mean")
    with pytest.raises(
        GradientError, match=r"no input that 'y' sees holds floating-point numbers; .* --method perturb"
    ):
        rfonnx.erf(model, "y")
    assert np.flatnonzero(erf.map).tolist() == [3, 4, 5]


@pytest.mark.parametrize("values", [2, 7, 100])
def test_another_token_is_never_the_same(values: int) -> None:
    sample = np.arange(values, dtype=np.int64).repeat(20)[None]
    other = replacement(sample, (1,), "mean", np.random.default_rng(0), (0, values - 1))
    assert (other != sample).all()
    assert other.min() >= 0
    assert other.max() < values


def test_replacements() -> None:
    sample = np.random.default_rng(0).random((1, 3, 40, 50)).astype(np.float32)
    generator = np.random.default_rng(1)
    mean = replacement(sample, (2, 3), "mean", generator, (0, 99))
    np.testing.assert_allclose(mean[0, :, 7, 9], sample.mean((0, 2, 3)), rtol=1e-5)
    grey = replacement(sample, (2, 3), "grey", generator, (0, 99))
    assert grey.min() == grey.max() == pytest.approx((sample.min() + sample.max()) / 2)
    noise = replacement(sample, (2, 3), "noise", generator, (0, 99))
    np.testing.assert_allclose(noise.std((2, 3)), sample.std((2, 3)), rtol=0.1)
    assert abs(np.corrcoef(noise.ravel(), sample.ravel())[0, 1]) < 0.1
    blur = replacement(sample, (2, 3), "blur", generator, (0, 99))
    assert blur.std() < 0.5 * sample.std()
    np.testing.assert_allclose(blur.mean((2, 3)), sample.mean((2, 3)), atol=0.02)
    assert all(made.dtype == np.float32 for made in (mean, grey, noise, blur))


def test_a_batch_is_used_where_samples_stay_apart_and_only_there() -> None:
    free, mixing = smooth_net(batch="N"), Net(["N", 2, 12, 12])
    a = mixing.conv("x", np.random.default_rng(0).standard_normal((3, 2, 3, 3)))
    model = mixing.model(mixing.op("Sub", a, mixing.op("ReduceMean", a, axes=[0], keepdims=1), name="y"))
    for net in (free, model):
        for method in ("gradient", "perturb"):
            one = rfonnx.erf(net, "y", n=5, method=method, batch=1, crop=False)
            many = rfonnx.erf(net, "y", n=5, method=method, batch=3, crop=False)
            np.testing.assert_allclose(one.map, many.map, atol=1e-5 * max(one.map.max(), 1e-9))
            assert one.runs == many.runs


@pytest.mark.parametrize("rows", [1, 7, 300])
def test_ids_stay_inside_a_table_of_any_axis(rows: int) -> None:
    """A table that is looked up along axis 1, behind a Cast and an offset; of one row, there is no other id."""
    net = Net([1, 6], onnx.TensorProto.INT32)
    table = net.constant(np.random.default_rng(0).standard_normal((4, rows)).astype(np.float32))
    ids = net.op("Sub", net.op("Cast", "x", to=onnx.TensorProto.INT64), net.constant(np.array([2])))
    model = net.model(net.op("Gather", table, ids, axis=1, name="y"))
    erf = rfonnx.erf(model, "y", n=4, method="perturb", position=(None, 0, 3))
    assert np.flatnonzero(erf.map).tolist() == ([] if rows == 1 else [3])


def test_booleans_are_negated() -> None:
    net = Net([1, 9], onnx.TensorProto.BOOL)
    model = net.model(net.op("Cast", "x", to=onnx.TensorProto.FLOAT, name="y"))
    erf = rfonnx.erf(model, "y", n=3, method="perturb", position=(0, 4))
    assert (np.flatnonzero(erf.map).tolist(), erf.scale) == ([4], 1)


def dense_net(length: int, inputs: int = 1) -> onnx.ModelProto:
    """Every unit of y (1, inputs, 3) depends on every position of x (1, inputs, length), each in its own way."""
    net = Net([1, inputs, length])
    matrix = net.constant(np.random.default_rng(3).uniform(0.5, 1.5, (length, 3)).astype(np.float32) / length)
    net.op("Tanh", net.op("MatMul", "x", matrix), name="y")
    return net.model("y")


@pytest.mark.parametrize("length", [5, 16, 17, 100, 257])
@pytest.mark.parametrize("block", [None, 1])
def test_the_search_never_costs_more_than_position_by_position(length: int, block: int | None) -> None:
    """Where everything changes something, coarse blocks save nothing: 20,626 runs were made where 16,392 suffice."""
    erf = rfonnx.erf(dense_net(length), "y", n=2, method="perturb", block=block)
    assert erf.naive_runs == 2 * (1 + length)
    assert erf.runs <= erf.naive_runs
    assert np.count_nonzero(erf.map) == length


@pytest.mark.parametrize("seed", range(12))
def test_runs_of_random_nets_are_at_most_those_of_every_position(seed: int) -> None:
    draw = np.random.default_rng(seed)
    axes, length = int(draw.integers(1, 3)), int(draw.integers(9, 40))
    kernels = [[int(draw.choice([1, 3, 5]))] * axes for _ in range(3)]
    net, x, before = Net([1, 1, *[length] * axes]), "x", 1
    for number, kernel in enumerate(kernels):
        weight = draw.standard_normal((2, before, *kernel)) * (draw.random((2, before, *kernel)) < 0.7)
        x = net.conv(x, weight, dilations=[int(draw.integers(1, 5))] * axes, name="y" if number == 2 else "")
        before = 2
    model = net.model("y")
    places = [tuple(draw.integers(0, length, axes).astype(float)) for _ in range(int(draw.integers(1, 4)))]
    for erf in rfonnx.erf_many(model, "y", places, n=1, method="perturb", crop=False):
        assert erf.runs <= erf.naive_runs
        assert (erf.outside, erf.notes) == (0, ())


@pytest.mark.parametrize("block", [1, 2, 5])
def test_a_block_size_means_every_block_by_itself(block: int) -> None:
    model = dense_net(23)
    sample = np.random.default_rng(5).standard_normal((1, 1, 23)).astype(np.float32)
    erf = rfonnx.erf(model, "y", data=sample, method="perturb", block=block, position=(0, None, 0))
    session = runtime.open_session(model)
    before = session.run(["y"], {"x": sample})[0]
    expected = np.zeros(23)
    for first in range(0, 23, block):
        changed = sample.copy()
        changed[..., first : first + block] = sample.mean()
        after = session.run(["y"], {"x": changed})[0]
        expected[first : first + block] = abs((after - before)[0, :, 0].astype(np.float64).sum()) / len(
            expected[first : first + block]
        )
    np.testing.assert_allclose(erf.map * erf.scale, expected, rtol=1e-4, atol=1e-6)
    assert erf.runs == 1 + -(-23 // block)


def test_the_mass_of_a_coarse_block_may_lie_on_holes() -> None:
    """Taps 60 apart: with blocks of 7, mass lies between them, where the unit sees nothing. That is no fault of the field."""
    net = Net([1, 1, 100])
    net.conv("x", np.ones((1, 1, 2)), dilations=[60], name="y")
    model = net.model("y")
    erf = rfonnx.erf(model, "y", n=1, method="perturb", block=7, crop=False)
    assert np.count_nonzero(erf.map) == 7 + 5  # the first block, and the last, which the field cuts
    assert (erf.outside, erf.notes) == (0, ())
    coarse = rfonnx.erf(model, "y", n=1, method="perturb", crop=False, seconds=1e-9)
    assert coarse.outside == 0


@pytest.mark.parametrize("block", [None, 1, 7])
def test_a_change_from_a_hole_of_the_field_is_told(block: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that lacks the first tap: the blocks that hold it, and nothing that is seen, change the unit."""
    from rfonnx.effective import measure

    right = measure.supports

    def without_the_first_tap(*given: object) -> object:
        for seen in right(*given):  # type: ignore[arg-type]
            seen[: len(seen) // 2] = False
            yield seen

    net = Net([1, 1, 100])
    net.conv("x", np.ones((1, 1, 2)), dilations=[60], name="y")
    monkeypatch.setattr(measure, "supports", without_the_first_tap)
    erf = rfonnx.erf(net.model("y"), "y", n=2, method="perturb", crop=False, block=block)
    assert 0.1 < erf.outside < 0.9
    assert any("please report this model, its field is wrong" in note for note in erf.notes)


def test_what_a_random_operator_changes_is_no_evidence() -> None:
    net = Net([1, 1, 30])
    a = net.conv("x", np.ones((1, 1, 3)))
    model = net.model(net.op("Add", a, net.op("RandomNormalLike", a), name="y"))
    erf = rfonnx.erf(model, "y", n=2, method="perturb", crop=False)
    assert erf.outside == 0
    assert any(
        "(RandomNormalLike) that makes 't1' draws at random in every run: the map shows that too" in note
        for note in erf.notes
    )
    assert any("two runs on the same sample differ" in note for note in erf.notes)


def test_what_rounding_changes_is_no_evidence() -> None:
    """onnxruntime slides LRN's sum over the channels: rounding carries a change past the window."""
    net = Net([1, 64, 2, 2])
    model = net.model(net.op("LRN", "x", size=3, alpha=1.0, name="y"))
    sample = 1000 * np.random.default_rng(0).standard_normal((4, 64, 2, 2)).astype(np.float32)
    options = {"method": "perturb", "axes": (1,), "data": sample, "position": (0, 40, 0, 0), "probe": "noise"}
    erf = rfonnx.erf(model, "y", **options)
    assert erf.outside == 0
    assert erf.field == ((39, 41),)


def test_a_run_that_changes_nothing_that_a_unit_sees_gives_it_nothing() -> None:
    """Two units share runs; a block of one that is quiet keeps its coarse value when the other's is looked into."""
    from rfonnx.effective.probing.blocks import plan_blocks
    from rfonnx.effective.probing.by_perturbation import _assigned

    plan = plan_blocks([[(0, 3)], [(4, 7)]], 1)
    active = np.array([True] * 4 + [False] * 4)
    runs = list(plan.runs(active))
    values = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.5], [4.0, 0.0]])
    changes, beyond = _assigned(plan, active, [colour for colour, _ in runs], values)
    assert changes[0, :4].tolist() == [1, 2, 3, 4]
    assert np.isnan(changes[1]).all()
    assert beyond.tolist() == [0, 0.5]


def test_too_little_time_makes_it_coarse_and_says_so() -> None:
    erf = rfonnx.erf(dense_net(500), "y", n=3, method="perturb", seconds=1e-9, position=(0, 0, None))
    assert 3 * 40 < erf.runs <= 3 * 64
    (note,) = erf.notes
    assert "position by position this would take 1,503 runs" in note
    assert "64 runs a sample" in note
    full = rfonnx.erf(dense_net(500), "y", n=3, method="perturb", seconds=1e-9, block=1, position=(0, 0, None))
    assert (full.runs, full.notes) == (1503, ())
    net = Net([1, 1, 200])
    net.conv("x", np.ones((1, 1, 2)), dilations=[160], name="y")
    found = rfonnx.erf(net.model("y"), "y", n=2, method="perturb", crop=False, seconds=1e-9)
    assert (np.count_nonzero(found.map), found.notes) == (2, ())  # 64 runs were enough: nothing was left coarse
    for length in (3, 63, 64, 70):  # the runs that are timed count too
        short = rfonnx.erf(dense_net(length), "y", n=2, method="perturb", seconds=1e-9)
        assert short.runs <= short.naive_runs
    # Each coarse block holds what its positions hold together, about: the net is nearly linear over a block.
    assert np.abs(erf.map - full.map).sum() < 2


def test_a_budget_is_a_power_of_two_between_the_least_and_the_plain() -> None:
    from rfonnx.effective.probing.budget import LEAST, Budget

    def most(seconds: float, plain: int, first: float, warm: float) -> int:
        return Budget(seconds, samples=10).most(plain, first, lambda: warm)

    assert most(60, 1000, 0.001, 0.001) == 1000  # 10 seconds
    assert most(60, 1000, 0.1, 0.001) == 1000  # the first run was slow, the others are not
    assert most(60, 1000, 0.1, 0.02) == 256  # 300 fit
    assert most(60, 1000, 9, 9) == LEAST
    assert most(60, 20, 9, 9) == 20
    budget = Budget(60, samples=10)
    assert budget.note() == ""
    assert budget.most(1000, 1, lambda: 1) == LEAST
    assert budget.most(1000, 0, lambda: 0) == LEAST
    assert "would take 10,000 runs, about 2.8 h" in budget.note()


@pytest.mark.parametrize("partial", [True, False])
def test_an_interruption_keeps_whole_samples(partial: bool) -> None:
    def stop(at: rfonnx.effective.settings.Progress) -> None:
        if at.samples == 2 and at.runs > 2 * 40:
            raise KeyboardInterrupt

    options = {"n": 9, "method": "perturb", "progress": stop, "partial": partial}
    if not partial:
        with pytest.raises(KeyboardInterrupt):
            rfonnx.erf(dense_net(40), "y", **options)
        return
    erf = rfonnx.erf(dense_net(40), "y", **options)
    assert (erf.samples, erf.interrupted) == (2, True)
    assert "interrupted: 2 of 9 samples were measured" in erf.notes
    two = rfonnx.erf(dense_net(40), "y", n=2, method="perturb")
    np.testing.assert_array_equal(erf.map, two.map)


def test_runs_are_told_as_they_are_made() -> None:
    told = []
    erf = rfonnx.erf(dense_net(40), "y", n=3, method="perturb", progress=told.append)
    assert told[0].runs == 0
    assert [at.runs for at in told] == sorted(at.runs for at in told)
    assert (told[-1].runs, told[-1].samples) == (erf.runs, 3)
    assert all(at.most_runs == 3 * 41 for at in told if at.runs > 1 and not at.samples)
    assert told[-1].most_runs == erf.runs


def parameter_net(op_type: str) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    """An operator whose output's shape is decided by an integer input k, though the file declares it."""
    net = Net([1, 8])
    net.inputs.append(onnx.helper.make_tensor_value_info("k", onnx.TensorProto.INT64, [1 if op_type == "TopK" else 2]))
    if op_type == "TopK":
        net.nodes.append(onnx.helper.make_node("TopK", ["x", "k"], ["y", "i"]))
    else:
        net.op("Tile", "x", "k", name="y")
    model = net.model("y")
    shape = [1, 3] if op_type == "TopK" else [2, 16]
    model.graph.output[0].CopyFrom(onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, shape))
    return model, {
        "x": np.arange(8, dtype=np.float32)[None, None],
        "k": np.array([[3]] if op_type == "TopK" else [[2, 2]]),
    }


@pytest.mark.parametrize(
    ("op_type", "refused"),
    [
        ("TopK", r"input 'k'.*(cannot be perturbed|decides the shape).*another --input"),
        (
            "Tile",
            r"'y' sees nothing of input 'k' at .* but as a parameter, which may decide shapes and what is read; choose",
        ),
    ],
)
def test_an_input_that_decides_the_shape(op_type: str, refused: str) -> None:
    model, data = parameter_net(op_type)
    with pytest.raises(ShapeError, match=r"(has the shape|cannot run the model).*give what the inputs hold"):
        rfonnx.erf(model, "y", n=1, method="perturb", input="x")
    with pytest.raises((ShapeError, GradientError), match=r"give what small inputs hold|has no gradient rule"):
        rfonnx.erf(model, "y", n=1, method="gradient", input="x")
    erf = rfonnx.erf(model, "y", data=data, method="perturb", input="x", position=(0, 0))
    assert erf.scale > 0
    with pytest.raises(QueryError, match=refused):
        rfonnx.erf(model, "y", data=data, method="perturb", input="k")


@pytest.mark.parametrize("dtype", ["STRING", "BFLOAT16"])
def test_a_tensor_without_plain_numbers_is_refused(dtype: str) -> None:
    net = Net([1, 5])
    model = net.model(net.op("Cast", "x", name="y", to=onnx.TensorProto.DataType.Value(dtype)))
    model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.DataType.Value(dtype)
    with pytest.raises(
        QueryError, match=rf"'y' holds {dtype.lower()}, whose changes are not measured; choose a tensor"
    ):
        rfonnx.erf(model, "y", n=1, method="perturb")


def test_an_input_without_a_shape_to_bind_is_told_by_its_kind() -> None:
    net = Net([1, 5])
    net.inputs = [onnx.helper.make_tensor_sequence_value_info("x", onnx.TensorProto.FLOAT, [1, 5])]
    model = net.model(net.op("SequenceAt", "x", net.constant(np.array(0)), name="y"))
    with pytest.raises(ModelError, match="input 'x' holds sequence, which is not measured; export the model with"):
        rfonnx.erf(model, "y", n=1, method="perturb")


def test_layers_share_the_time() -> None:
    from rfonnx.effective import depth

    given = []

    def layer(subject: object, name: str, at: object, settings: rfonnx.effective.settings.Settings) -> object:
        given.append(settings.seconds)
        return depth.LayerField(name, "", None, None, "")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(depth, "_field", layer)
        assert len(list(rfonnx.erf_layers(local_net(), method="perturb", seconds=12))) == len(given) > 1
    assert sum(given) == pytest.approx(12)


def test_a_boolean_of_no_axes_is_fed() -> None:
    net = Net([1, 5])
    net.inputs.append(onnx.helper.make_tensor_value_info("train", onnx.TensorProto.BOOL, []))
    model = net.model(net.op("Where", "train", "x", net.op("Neg", "x"), name="y"))
    assert np.flatnonzero(rfonnx.erf(model, "y", n=2, method="perturb").map).tolist() == [2]


def test_a_node_that_never_runs_is_not_blamed_on_values() -> None:
    """onnxruntime pools along three axes at most. Only a model with parameters is told to be given their values."""
    net = Net([1, 1, 4, 4, 4, 4])
    model = net.model(net.op("MaxPool", "x", name="y", kernel_shape=[2] * 4))
    with pytest.raises(
        ShapeError, match=r"cannot run the model \(.*pooling size.*\); check the inputs' shapes and types"
    ):
        rfonnx.erf(model, "y", n=1, method="perturb")
