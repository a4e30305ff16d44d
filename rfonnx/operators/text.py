"""Operators on text and encoded images."""

from __future__ import annotations

from rfonnx.operators.access.op import Op, Unproven, declare_everything, rule
from rfonnx.operators.access.primitives import Access, Path, Reshape
from rfonnx.operators.access.shared import along_rows, first_alone, joined
from rfonnx.operators.counting import declare_unknown
from rfonnx.operators.table import declare, named

declare_everything("an encoded image has no positions", "ImageDecoder")


rule("RegexFullMatch", "StringConcat")(joined)
rule("TfIdfVectorizer")(along_rows)  # what it counts, in the whole row


@rule("StringNormalizer")
def normalize(op: Op) -> Access:
    """Reads the text at its own position, when no words are dropped. Exact."""
    if op.attrs.get("stopwords"):
        raise Unproven("which words are dropped is data")
    return first_alone(op)


@rule("StringSplit", shapeless=True)
def split(op: Op) -> list[Access]:
    """The parts, and their number, read the text that is split. Exact."""
    if op.graph.shapes.get(op.name(0)) is None:
        raise Unproven("the shape of its text depends on data")
    shape = op.shape(0)
    return [Access((Path(op.name(0), (Reshape((*shape, 1)),)),)), Access((Path(op.name(0)),))]


declare_unknown("decoding is no sum of products", "ImageDecoder")

declare(*named("RegexFullMatch StringConcat StringNormalizer StringSplit TfIdfVectorizer"), macs=0, manner=())
declare("ImageDecoder", evaluation="never", manner=())
