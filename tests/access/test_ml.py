"""ai.onnx.ml, against onnxruntime or the reference evaluator."""

import numpy as np
import pytest
from onnx import numpy_helper

from access.probe import one_node, probe, probe_model, values
from rfonnx.operators.access.op import registered

ML = {"domain": "ai.onnx.ml"}


@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("Scaler", {"offset": [0.5], "scale": [2.0]}),
        ("Binarizer", {"threshold": 0.3}),
        ("Imputer", {"imputed_value_floats": [1.0], "replaced_value_float": -100.0}),
        ("Normalizer", {"norm": "L2"}),
        ("LinearRegressor", {"coefficients": [0.5, -1.0, 2.0, 1.0, 1.0, 1.0], "intercepts": [0.1, 0.2], "targets": 2}),
    ],
)
def test_features(op, attrs):
    probe(op, {"x": values(2, 3)}, **ML, **attrs)


@pytest.mark.parametrize("index", [[1], [2, 0]])
def test_array_feature_extractor(index):
    inputs = {"x": values(2, 3), "i": np.array(index, np.int64)}
    probe("ArrayFeatureExtractor", inputs, constants=["i"], **ML)
    probe("ArrayFeatureExtractor", inputs, vary=["x"], exact=False, **ML)


def test_feature_vectorizer():
    inputs = {"a": values(2, 1), "b": values(2, 3, seed=1)}
    probe("FeatureVectorizer", inputs, inputdimensions=[1, 3], **ML)


def test_linear_classifier():
    attrs = {"coefficients": [1.0, -1.0, 0.5, -1.0, 1.0, -0.5], "intercepts": [0.1, -0.1], "classlabels_ints": [0, 1]}
    probe("LinearClassifier", {"x": values(2, 3)}, outputs=2, post_transform="SOFTMAX", **ML, **attrs)


TREE = {
    "nodes_treeids": [0, 0, 0, 0, 0],
    "nodes_nodeids": [0, 1, 2, 3, 4],
    "nodes_featureids": [0, 2, 0, 0, 0],
    "nodes_values": [0.0, 0.5, 0.0, 0.0, 0.0],
    "nodes_modes": ["BRANCH_LEQ", "BRANCH_LEQ", "LEAF", "LEAF", "LEAF"],
    "nodes_truenodeids": [1, 2, 0, 0, 0],
    "nodes_falsenodeids": [4, 3, 0, 0, 0],
}


def test_trees_read_what_they_compare():
    targets = {
        "target_treeids": [0, 0, 0],
        "target_nodeids": [2, 3, 4],
        "target_ids": [0, 0, 0],
        "target_weights": [1.0, 2.0, 3.0],
        "n_targets": 1,
    }
    probe("TreeEnsembleRegressor", {"x": values(2, 4)}, deltas=(3.0, -3.0), trials=8, **ML, **TREE, **targets)


def test_tree_classifier():
    classes = {
        "class_treeids": [0, 0, 0],
        "class_nodeids": [2, 3, 4],
        "class_ids": [0, 1, 2],
        "class_weights": [1.0, 2.0, 3.5],
        "classlabels_int64s": [0, 1, 2],
    }
    for transform, exact in (("SOFTMAX", True), ("NONE", (True, False))):
        attrs = {**ML, **TREE, **classes, "post_transform": transform}
        probe(
            "TreeEnsembleClassifier", {"x": values(2, 4)}, outputs=2, exact=exact, deltas=(3.0, -3.0), trials=8, **attrs
        )


def test_tree_ensemble():
    inner = {"nodes_splits": np.array([0.0, 0.5], np.float32), "nodes_modes": np.array([0, 0], np.uint8)}
    attrs = {
        "nodes_featureids": [0, 2],
        "nodes_truenodeids": [1, 0],
        "nodes_trueleafs": [0, 1],
        "nodes_falsenodeids": [2, 1],
        "nodes_falseleafs": [1, 1],
        "leaf_targetids": [0, 0, 0],
        "tree_roots": [0],
        "n_targets": 1,
    }
    tensors = {**inner, "leaf_weights": np.array([1.0, 2.0, 3.5], np.float32)}
    attrs |= {name: numpy_helper.from_array(value, name) for name, value in tensors.items()}
    model = one_node("TreeEnsemble", {"x": values(2, 4)}, **ML, **attrs)
    model.opset_import[1].version = 5
    probe_model(model, {"x": values(2, 4)}, deltas=(3.0, -3.0), trials=8)


def test_support_vectors():
    attrs = {
        "coefficients": [1.0, -0.5],
        "kernel_params": [0.5, 0.0, 3.0],
        "kernel_type": "RBF",
        "n_supports": 2,
        "rho": [0.1],
        "support_vectors": [0.1, 0.2, 0.3, -0.4, 0.5, 0.6],
    }
    probe("SVMRegressor", {"x": values(2, 3)}, deltas=(0.75,), trials=2, **ML, **attrs)


def test_one_hot_encoder():
    inputs = {"x": np.array([0, 2], np.float32)}
    probe("OneHotEncoder", inputs, cats_int64s=[0, 1, 2], deltas=(1.0, -1.0, 2.0, -2.0), trials=1, **ML)


def test_maps_are_declared():
    kinds = ("CastMap", "DictVectorizer", "ZipMap")
    assert {registered()[f"ai.onnx.ml.{kind}"] for kind in kinds} == {"everything"}
