"""Operators on text and encoded images."""

from __future__ import annotations

from rfonnx.operators.access.op import Op, Unproven, declare_everything, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape
from rfonnx.operators.counting import declare_unknown
from rfonnx.operators.table import declare, named

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


declare_unknown("decoding is no sum of products", "ImageDecoder")

declare(*named("RegexFullMatch StringConcat StringNormalizer StringSplit TfIdfVectorizer"), macs=0, manner=())
declare("ImageDecoder", evaluation="never", manner=())
