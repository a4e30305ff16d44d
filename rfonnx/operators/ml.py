"""Operators of ai.onnx.ml: rows are samples, and features lie along the last axis."""

from __future__ import annotations

from functools import partial

import numpy as np
from onnx import TensorProto, TypeProto

from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.access.indexing import pick
from rfonnx.operators.access.op import Op, declare_everything, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Step
from rfonnx.operators.access.shared import along_rows, by_data, first_alone, known_index
from rfonnx.operators.counting import CountCall, counts, declare_unknown
from rfonnx.operators.shaping import ShapeCall, same, shapes
from rfonnx.operators.slicing import stretch
from rfonnx.operators.table import declare, named

learning = partial(named, domain="ai.onnx.ml")

_LINEAR = learning("LinearClassifier LinearRegressor")
_KERNELS = learning("SVMClassifier SVMRegressor")
_TREES = learning("TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor")


@shapes(*learning("Scaler Normalizer"))
def same_shape_of_floats_shape(call: ShapeCall) -> list[TypeProto]:
    """The same, in float32."""
    return [call.like(0, TensorProto.FLOAT)]


@shapes(*learning("LinearRegressor SVMRegressor TreeEnsembleRegressor"))
def regressor_shape(call: ShapeCall) -> list[TypeProto]:
    """x (N,F) gives (N, targets)."""
    names = {"LinearRegressor": "targets", "TreeEnsembleRegressor": "n_targets"}
    targets = call.attr(names.get(call.node.op_type, ""), 1)
    return [tensor_type(TensorProto.FLOAT, (call.dim(0, 0), int(targets)))]


SOFTMAX = ("SOFTMAX", "SOFTMAX_ZERO", 1, 3)
"""Spellings of the transforms that mix all scores; TreeEnsemble numbers them."""


declare_everything("a map has no positions", *learning("CastMap DictVectorizer ZipMap"))


rule(*learning("Binarizer CategoryMapper Imputer LabelEncoder Scaler"))(first_alone)
rule("ai.onnx.ml.Normalizer")(along_rows)


@rule("ai.onnx.ml.OneHotEncoder")
def one_hot(op: Op) -> Access:
    """Reads the category at its position. Exact."""
    return Access((Path(op.name(0), (Reshape((*op.shape(0), 1)),)),))


@rule("ai.onnx.ml.ArrayFeatureExtractor")
def extract(op: Op) -> Access:
    """Picks features. Exact for constant indices."""
    axis = len(op.shape(0)) - 1
    index = known_index(op, 1, op.shape(0)[axis])
    if index is not None:
        return Access((Path(op.name(0), (pick(axis, index), Reshape(op.out_shape()))),))
    return by_data(op, (Reduce((axis,)),), (Reshape((op.out_shape()[-1],)),))


@rule("ai.onnx.ml.FeatureVectorizer")
def join_features(op: Op) -> Access:
    """Features of all inputs side by side. Exact."""
    rows, total = op.out_shape()
    paths, start = [], 0
    for i in range(len(op.node.inputs)):
        count = op.shape(i)[-1] if op.shape(i) else 1
        paths.append(Path(op.name(i), (Reshape((rows, count)), stretch(1, total, start, count))))
        start += count
    return Access(tuple(paths))


@rule(*_LINEAR, *_KERNELS, *_TREES)
def predict(op: Op) -> list[Access]:
    """Labels and scores of a sample read its features; trees those that some inner node compares.

    Exact, but for one of several scores of trees: it depends on the way to its own leaves alone.
    """
    shape = op.shape(0)
    axis = len(shape) - 1
    used = _compared(op)
    steps: list[Step] = [] if used is None else [pick(axis, used)]
    scores = (*steps, Reduce((axis,)))
    samples = shape[0] if axis else 1
    labels = (*scores, Reshape((samples,)))
    result = []
    for name in op.node.outputs:
        made = op.graph.shapes.get(name)
        own = used is not None and made is not None and len(made) == 2 and (made[1] or 2) > 1
        own = own and op.attrs.get("post_transform", "NONE") not in SOFTMAX
        note = "features that trees compare on the way to other scores are counted" if own else ""
        path = Path(op.name(0), labels if made == (samples,) else scores)
        result.append(Access((path,), not own, note))
    return result


def _compared(op: Op) -> np.ndarray | None:
    """Features that trees compare, or None when all are read."""
    features = op.attrs.get("nodes_featureids")
    if features is None or len(features) == 0:
        return None
    modes = op.attrs.get("nodes_modes")
    inner = [True] * len(features) if not isinstance(modes, list) else [mode != "LEAF" for mode in modes]
    return np.unique([f for f, keep in zip(features, inner, strict=False) if keep]).astype(np.int64)


@counts(*_LINEAR)
def linear_macs(call: CountCall) -> int:
    """Each row meets every coefficient: (targets, features), flat."""
    rows = call.shape(0)[0] if len(call.shape(0)) > 1 else 1
    return rows * len(call.attr("coefficients", ()))


shapes("ai.onnx.ml.Imputer")(same)
declare_unknown("what its kernels cost is not followed", *_KERNELS)

declare(*_LINEAR, *_KERNELS, manner=())
declare(*_TREES, macs=0, manner=())  # trees compare and add
declare(
    *learning("ArrayFeatureExtractor Binarizer CastMap CategoryMapper DictVectorizer FeatureVectorizer Imputer"),
    *learning("LabelEncoder Normalizer OneHotEncoder Scaler ZipMap"),
    macs=0,
    manner=(),
)
