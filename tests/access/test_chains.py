"""Random chains of operators that move, pick, pad and resample: the whole way from the file to intervals, against onnxruntime."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

import rfonnx
from access.probe import measured, runner, values

CHAINS = 60
STEPS = 4
LARGEST = 160


class Chain:
    """A model that grows by one operator at a time."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.shape = tuple(int(n) for n in self.random.integers(1, 5, size=3))
        self.inputs = (1, *self.shape)
        self.shape = self.inputs
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.name = "x"

    def constant(self, value: object, dtype: type = np.int64) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, kind: str, *inputs: str, **attrs: object) -> None:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self.name, *inputs], [name], **attrs))
        self.name = name

    def pick(self, *choices: object) -> object:
        return choices[int(self.random.integers(len(choices)))]

    def axis(self) -> int:
        return int(self.random.integers(len(self.shape)))

    def transpose(self) -> None:
        self.add("Transpose", perm=[int(i) for i in self.random.permutation(len(self.shape))])

    def reshape(self) -> None:
        axis = int(self.random.integers(len(self.shape) - 1))
        merged = [*self.shape[:axis], self.shape[axis] * self.shape[axis + 1], *self.shape[axis + 2 :]]
        self.add("Reshape", self.constant(merged))
        if len(merged) < 4:
            n = merged[axis]
            factor = next((f for f in (3, 2) if n % f == 0), 1)
            self.add("Reshape", self.constant([*merged[:axis], factor, n // factor, *merged[axis + 1 :]]))

    def slice(self) -> None:
        axis = self.axis()
        n, step = self.shape[axis], int(self.pick(1, 2, -1))
        start = int(self.random.integers(n))
        self.add("Slice", *(self.constant([v]) for v in (start, 99 if step > 0 else -99, axis, step)))

    def pad(self) -> None:
        axis, mode = self.axis(), self.pick("constant", "edge", "reflect", "wrap")
        most = self.shape[axis] - 1 if mode == "reflect" else 2
        pads = np.zeros((2, len(self.shape)), int)
        pads[:, axis] = self.random.integers(0, most + 1, size=2)
        self.add("Pad", self.constant(pads.reshape(-1)), mode=mode)

    def resize(self) -> None:
        if len(self.shape) != 4:
            return
        scales = [1, 1, self.pick(1.0, 2.0, 1.5, 0.5), self.pick(1.0, 2.0)]
        if int(scales[2] * self.shape[2]) < 1:
            return
        mode = self.pick("nearest", "linear", "cubic")
        how = self.pick("half_pixel", "asymmetric", "align_corners")
        self.add("Resize", "", self.constant(scales, np.float32), mode=mode, coordinate_transformation_mode=how)

    def gather(self) -> None:
        axis = self.axis()
        count = int(self.random.integers(1, 4))
        self.add("Gather", self.constant(self.random.integers(self.shape[axis], size=count)), axis=axis)

    def roll(self) -> None:
        axis = self.axis()
        whole, n = self.name, self.shape[axis]
        if n < 2:
            return
        cut = int(self.random.integers(1, n))
        self.add("Slice", *(self.constant([v]) for v in (cut, n, axis)))
        behind = self.name
        self.name = whole
        self.add("Slice", *(self.constant([v]) for v in (0, cut, axis)))
        front, self.name = self.name, behind
        self.add("Concat", front, axis=axis)

    def tile(self) -> None:
        repeats = [1] * len(self.shape)
        repeats[self.axis()] = 2
        self.add("Tile", self.constant(repeats))

    def cumulate(self) -> None:
        self.add("CumSum", self.constant(self.axis()), reverse=int(self.pick(0, 1)))

    def assign(self) -> None:
        """x[:, first:last] *= c, as exporters write it. No two factors cancel."""
        axis = self.axis()
        n = self.shape[axis]
        first = int(self.random.integers(n))
        last = int(self.random.integers(first, n)) + 1
        whole = self.name
        self.add("Slice", *(self.constant([v]) for v in (first, last, axis)))
        self.add("Mul", self.constant(self.random.normal(), np.float32))
        part, self.name = self.name, whole
        rows = [np.arange(m) for m in self.shape[:axis]] + [np.arange(first, last)]
        self.add("ScatterND", self.constant(np.stack(np.meshgrid(*rows, indexing="ij"), -1)), part)

    def convolve(self) -> None:
        if len(self.shape) == 4:
            kernel = self.constant(self.random.normal(size=(2, self.shape[1], 2, 1)), np.float32)
            self.add("Conv", kernel, pads=[1, 0, 0, 0])

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "chain",
            [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, self.inputs)],
            [helper.make_tensor_value_info(self.name, onnx.TensorProto.FLOAT, None)],
            self.constants,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)


def grown(seed: int) -> onnx.ModelProto:
    """A random model, small enough to try all of it."""
    chain = Chain(seed)
    steps = [
        chain.transpose, chain.reshape, chain.slice, chain.pad, chain.resize, chain.gather,
        chain.roll, chain.tile, chain.cumulate, chain.assign, chain.convolve,
    ]  # fmt: skip
    chain.add("Neg")
    for _ in range(STEPS):
        before = (chain.name, chain.shape, len(chain.nodes), len(chain.constants))
        chain.pick(*steps)()
        shape = onnx_shape(chain)
        if np.prod(shape) > LARGEST or not np.prod(shape):
            chain.name, chain.shape = before[:2]
            del chain.nodes[before[2] :], chain.constants[before[3] :]
        else:
            chain.shape = shape
    return chain.model()


def onnx_shape(chain: Chain) -> tuple[int, ...]:
    (result,) = runner(chain.model())({"x": np.zeros(chain.inputs, np.float32)})
    return result.shape


@pytest.mark.parametrize("seed", range(CHAINS))
def test_chain(seed):
    model = grown(seed)
    (value,) = model.graph.input
    shape = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
    feeds = {"x": values(*shape, seed=seed)}
    (truth,) = measured(runner(model), feeds, ["x"], deltas=(100.0, 0.5), trials=2)["x"]
    analysis = rfonnx.analyze(model)
    name = analysis.outputs[0]
    described = [f"{n.op_type}" for n in model.graph.node]
    out = truth.shape[: truth.ndim - len(shape)]
    for axis, n in enumerate(shape):
        others = tuple(len(out) + i for i in range(len(shape)) if i != axis)
        seen = truth.any(axis=others)
        lo, hi = (np.broadcast_to(v, out) for v in analysis.intervals(name, input="x", axis=axis))
        at = np.arange(n)
        claimed = (at >= lo[..., None]) & (at <= hi[..., None])
        assert not (seen & ~claimed).any(), (described, axis)
        if analysis.tensors[name].exact:
            first = np.where(seen.any(-1), seen.argmax(-1), n)
            last = np.where(seen.any(-1), n - 1 - seen[..., ::-1].argmax(-1), -1)
            reads = lo <= hi
            assert (reads == seen.any(-1)).all(), (described, axis)
            assert (lo[reads] == first[reads]).all(), (described, axis)
            assert (hi[reads] == last[reads]).all(), (described, axis)
