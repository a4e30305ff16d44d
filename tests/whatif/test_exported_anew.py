"""What-if equals the net that is built anew with the change, and analysed."""

from __future__ import annotations

from collections.abc import Callable

import onnx
import pytest

import rfonnx
from rfonnx.comparing.cost.activations import activation_bytes
from rfonnx.comparing.cost.macs import macs
from rfonnx.comparing.variants.changed import changed
from rfonnx.model.opened import opened
from whatif.nets import CASES, Options

IDS = [f"{build.__name__}-{'-'.join(changes)}" for build, changes in CASES]


@pytest.mark.parametrize(("build", "changes"), CASES, ids=IDS)
def test_every_tensor_is_that_of_the_net_with_the_change(
    build: Callable[[Options], onnx.ModelProto], changes: Options
) -> None:
    own = opened(build({}))
    made = rfonnx.analyze(changed(own, own.graph(), changes).model)
    wanted = rfonnx.analyze(build(changes))
    assert list(made.tensors) == list(wanted.tensors)
    for name, tensor in wanted.tensors.items():
        assert made.tensors[name].shape == tensor.shape, name
        assert made.tensors[name].fields == tensor.fields, name
        assert made.tensors[name].exact == tensor.exact, name
    assert not [line for line in made.warnings if line not in wanted.warnings]


@pytest.mark.parametrize(("build", "changes"), CASES, ids=IDS)
def test_what_is_said_is_that_of_the_net_with_the_change(
    build: Callable[[Options], onnx.ModelProto], changes: Options
) -> None:
    given = build({})
    before = given.SerializeToString()
    found = rfonnx.whatif(given, changes)
    (variant,) = found.variants
    wanted = rfonnx.analyze(build(changes))
    assert variant.seen
    for one in variant.seen:
        assert one.field == wanted.tensors[one.tensor].fields[one.input, one.axis]
        assert one.shape == wanted.tensors[one.tensor].shape
    assert variant.macs == macs(wanted.graph).total
    assert variant.activation_bytes == activation_bytes(wanted.graph)
    assert (variant.macs, variant.seen) != (found.before.macs, found.before.seen)
    assert given.SerializeToString() == before


@pytest.mark.parametrize("build", dict.fromkeys(build for build, _ in CASES), ids=lambda one: one.__name__)
def test_the_model_as_it_is_is_that_of_an_analysis(build: Callable[[Options], onnx.ModelProto]) -> None:
    found, wanted = rfonnx.whatif(build({})).before, rfonnx.analyze(build({}))
    assert found.macs == macs(wanted.graph).total
    assert all(one.field == wanted.tensors[one.tensor].fields[one.input, one.axis] for one in found.seen)
