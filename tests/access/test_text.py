"""Operators on text, and those that make numbers out of little."""

import numpy as np
import pytest

from access.probe import probe
from rfonnx.analysis.lower import lower
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.access.op import registered
from rfonnx.operators.access.primitives import Reduce, Reshape


def lowered(op_type, shapes, outputs, **attrs):
    """Tensors of one node's program; text does not take small changes, so that these rules are read, not measured."""
    node = Node(op_type, "", "", tuple(shapes), tuple(outputs), attrs, 20)
    graph = Graph("", tuple(shapes), tuple(outputs), [node], {**shapes, **outputs}, {}, set(), {}.get)
    return lower(graph).tensors


@pytest.mark.parametrize("limit", [3.5, 1.0])
def test_range(limit):
    inputs = {"start": np.float32(0.25), "limit": np.float32(limit), "delta": np.float32(1.0)}
    probe("Range", inputs, constants=["limit"], deltas=(0.01,), trials=1)


def test_constant_of_shape_reads_no_value():
    probe("ConstantOfShape", {"s": np.array([2, 3], np.int64)}, vary=[])
    (tensor,) = lowered("ConstantOfShape", {"s": (2,)}, {"y": (2, 3)})
    assert (tensor.paths, tensor.exact) == ((), True)


def test_text_by_position():
    (match,) = lowered("RegexFullMatch", {"x": (2, 3)}, {"y": (2, 3)}, pattern=".")
    assert match.paths == ((0, ()),)
    (joined,) = lowered("StringConcat", {"a": (2, 3), "b": (3,)}, {"y": (2, 3)})
    assert joined.paths == ((0, ()), (1, ()))
    (normal,) = lowered("StringNormalizer", {"x": (3,)}, {"y": (3,)})
    assert (normal.paths, normal.exact) == (((0, ()),), True)
    parts, number = lowered("StringSplit", {"x": (3,)}, {"y": (3, None), "n": (3,)})
    assert parts.paths == ((0, (Reshape((3, 1)),)),)
    assert number.paths == ((0, ()),)


def test_dropped_words_shift_the_others():
    (tensor,) = lowered("StringNormalizer", {"x": (3,)}, {"y": (3,)}, stopwords=["a"])
    assert not tensor.exact
    assert "which words are dropped" in tensor.note


def test_ngrams_are_counted_in_the_whole_row():
    (tensor,) = lowered("TfIdfVectorizer", {"x": (2, 5)}, {"y": (2, 7)})
    assert tensor.paths == ((0, (Reduce((1,)),)),)
    assert tensor.exact


def test_encoded_images_are_declared():
    assert registered()["ImageDecoder"] == "everything"
