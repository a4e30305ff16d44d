"""Access of operators on text and encoded images, and of those that make tensors of numbers or shapes."""

from __future__ import annotations

import numpy as np

from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.op import Op, Unproven, declare_everything, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, Step

declare_everything("an encoded image has no positions", "ImageDecoder")


@rule("RegexFullMatch", "StringConcat")
def each(op: Op) -> Access:
    """Reads the text at its own position. Exact."""
    return Access(tuple(Path(name) for name in op.node.inputs if name))


@rule("StringNormalizer")
def normalize(op: Op) -> Access:
    """Reads the text at its own position, when no words are dropped. Exact."""
    if op.attrs.get("stopwords"):
        raise Unproven("which words are dropped is data")
    return Access((Path(op.name(0)),))


@rule("StringSplit", shapeless=True)
def split(op: Op) -> list[Access]:
    """The parts, and their number, read the text that is split. Exact."""
    if op.graph.shapes.get(op.name(0)) is None:
        raise Unproven("the shape of its text depends on data")
    shape = op.shape(0)
    return [Access((Path(op.name(0), (Reshape((*shape, 1)),)),)), Access((Path(op.name(0)),))]


@rule("TfIdfVectorizer")
def count_ngrams(op: Op) -> Access:
    """Counts in the whole row. Exact."""
    axis = len(op.shape(0)) - 1
    return Access((Path(op.name(0), (Reduce((axis,)),)),))


@rule("ConstantOfShape")
def constant_of_shape(op: Op) -> Access:
    """Reads no value, only what became the shape. Exact."""
    return Access(())


@rule("Range")
def count_up(op: Op) -> Access:
    """Position o is `start + o*delta`: reads start, and from 1 on delta. The limit decides the length alone. Exact."""
    n = op.out_shape()[0]
    paths = []
    for index in (0, 2):
        if op.reads(index):
            position = positions(n)
            last = np.zeros(n, np.int64) if index == 0 else np.minimum(position, 1) - 1
            steps: tuple[Step, ...] = (Reshape((1,)), Select(0, np.zeros(n, np.int64), last))
            paths.append(Path(op.name(index), steps))
    return Access(tuple(paths))
