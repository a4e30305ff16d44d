"""What a file joins to an output is measured part by part."""

from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest

from rfonnx import compare
from rfonnx.comparing.figures.joined import joined_parts
from rfonnx.model.reading.load import load

HEAD = '<ir_version: 8, opset_import: ["" : 17]> '


def test_parts_are_followed_through_what_moves_numbers() -> None:
    text = """m (float[2,4,3,5] b, float[2,2,3,5] s, float[2,6,8] z) => (float[2,23,6] y) {
        shape = Constant<value_ints=[2,6,15]>() c = Concat<axis=1>(b, s) flat = Reshape(c, shape)
        bz, sz = Split<axis=1>(z, parts) cz = Concat<axis=-2>(bz, sz)
        both = Concat<axis=2>(flat, cz) y = Transpose<perm=[0,2,1]>(both) }"""
    text = text.replace("shape =", "parts = Constant<value_ints=[4,2]>() shape =")
    assert joined_parts(load(onnx.parser.parse_model(HEAD + text)), "y") == {1: (15, 8), 2: (4, 2)}


@pytest.mark.parametrize("tail", ["y = Softmax<axis=1>(c)", "y = Reshape(c, shape)"])
def test_what_mixes_or_reshapes_the_axis_ends_the_trace(tail: str) -> None:
    text = f"""m (float[2,4,6] b, float[2,2,6] s) => (float[2,n,k] y) {{
        shape = Constant<value_ints=[2,9,4]>() c = Concat<axis=1>(b, s) {tail} }}"""
    assert joined_parts(load(onnx.parser.parse_model(HEAD + text)), "y") == {}


def _head(scale: float) -> onnx.ModelProto:
    text = f"""m (float[n,4,50] b, float[n,3,50] s) => (float[n,7,50] y) {{
        k = Constant<value_float={scale}>() t = Mul(s, k) y = Concat<axis=1>(b, t) }}"""
    return onnx.parser.parse_model(HEAD + text)


@pytest.mark.parametrize(("scale", "worst", "passed"), [(0.0, 0.0, False), (0.999, 60.0, True)])
def test_scores_beside_boxes_of_the_same_size_are_measured_by_themselves(
    scale: float, worst: float, passed: bool, tmp_path: Path
) -> None:
    """Rare scores: all together the error is under that of int8, though no score is left."""
    random = np.random.default_rng(0)
    scores = np.where(random.uniform(size=(20, 3, 50)) > 0.99, 0.9, 0.0)
    np.savez(tmp_path / "x.npz", b=random.uniform(0.2, 1, (20, 4, 50)).astype("f4"), s=scores.astype("f4"))
    found = compare(_head(1.0), _head(scale), tmp_path / "x.npz", kind="int8", cost=False, fields=False, task="values")
    measures = found.outputs[0].measures
    assert measures["sqnr_db"].value > 15
    assert measures["sqnr_channel"].value == pytest.approx(worst, abs=0.01)
    assert found.outputs[0].places["sqnr_channel"] == "channels of axis 1: 4 to 6"
    assert found.passed is passed
