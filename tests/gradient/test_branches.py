"""An If whose branches do not say the shapes of what they give has a gradient: that of the branch that runs."""

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import pytest

import rfonnx

LENGTH = 12
SAYS = {"lengths": "float[1, 1, 12]", "names": "float[a, b, c]", "nothing": "float"}


def model(then: str, other: str) -> onnx.ModelProto:
    """Three taps at 16000, five of what a Reshape gives at other rates."""
    made = onnx.parser.parse_model(f"""
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[1, 1, {LENGTH}] x, int64 sr) => (float[1, 1, {LENGTH}] y)
        <int64 high = {{16000}}, float[1,1,3] w3 = {{1.0, 2.0, 3.0}}, float[1,1,5] w5 = {{1.0, 2.0, 3.0, 4.0, 5.0}},
         int64[3] back = {{1, 1, -1}}>
        {{
            c = Equal(sr, high)
            z = If (c) <
                then_branch = short () => ({SAYS["names"] if then == "nothing" else SAYS[then]} s)
                    {{ s = Conv <pads = [1, 1]> (x, w3) }},
                else_branch = long () => ({SAYS["names"] if other == "nothing" else SAYS[other]} l)
                    {{ r = Reshape(x, back) l = Conv <pads = [2, 2]> (r, w5) }}
            >
            y = Tanh(z)
        }}""")
    (node,) = [n for n in made.graph.node if n.op_type == "If"]
    for said, branch in zip((then, other), node.attribute, strict=True):
        if said == "nothing":
            branch.g.output[0].type.tensor_type.ClearField("shape")
    return made


@pytest.mark.parametrize("sr", [16000, 8000])
@pytest.mark.parametrize("other", SAYS)
@pytest.mark.parametrize("then", SAYS)
def test_the_gradient_is_that_of_the_branch_that_runs(then, other, sr):
    net = model(then, other)
    x = np.random.default_rng(0).normal(size=(1, 1, LENGTH)).astype(np.float32) * np.float32(0.01)
    seed = np.zeros_like(x)
    seed[0, 0, LENGTH // 2] = 1
    found = rfonnx.gradient(net, {"x": x, "sr": np.array(sr)}, "y", seed)["x"]
    session = onnxruntime.InferenceSession(net.SerializeToString(), providers=["CPUExecutionProvider"])
    for position in range(LENGTH):
        step = np.zeros_like(x)
        step[0, 0, position] = 5e-3
        above, below = (
            session.run(["y"], {"x": x + s * step, "sr": np.array(sr)})[0][0, 0, LENGTH // 2] for s in (1, -1)
        )
        assert found[0, 0, position] == pytest.approx((above - below) / 1e-2, abs=2e-2)


def test_branches_of_different_shapes_have_none():
    """Where is no choice between 12 and 6 positions."""
    net = onnx.parser.parse_model("""
        <ir_version: 8, opset_import: ["" : 17]> net (float[1, 1, 12] x, bool c) => (float[1, 1, n] y)
        <float[1,1,1] w = {2.0}>
        {
            y = If (c) <
                then_branch = whole () => (float[a, b, d] s) { s = Conv(x, w) },
                else_branch = half () => (float[a, b, d] l) { l = Conv <strides = [2]> (x, w) }
            >
        }""")
    with pytest.raises(rfonnx.RfonnxError, match=r"If|depends on data"):
        rfonnx.gradient(
            net, {"x": np.zeros((1, 1, 12), np.float32), "c": np.array(True)}, "y", np.zeros((1, 1, 12), np.float32)
        )
