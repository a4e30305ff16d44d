"""A model as it is, with changes, and with those that reach a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rfonnx.analysis.analyze import analyze
from rfonnx.comparing.variants.changed import Changed
from rfonnx.comparing.variants.fitting import check_lengths
from rfonnx.comparing.variants.looked import AS_IT_IS, Pair, Subject, axes_of, look, past_of, tensors_of
from rfonnx.comparing.variants.search import Search, search
from rfonnx.comparing.variants.siblings import fitted
from rfonnx.comparing.variants.sizes import at_size
from rfonnx.errors import QueryError, RfonnxError, named
from rfonnx.graph.text import quote
from rfonnx.model.opened import Opened
from rfonnx.model.reading.bind import Shapes
from rfonnx.results.variants import Change, Changes, Variant, WhatIf


def what_if(
    model: Opened,
    shapes: Shapes | None,
    size: Sequence[int] | None,
    variants: Mapping[str, Changes],
    tensors: Sequence[str] = (),
    asked: Search | None = None,
) -> WhatIf:
    """See `rfonnx.whatif`.

    Args:
        model: the file.
        shapes, size: of its inputs.
        variants: what becomes of nodes, by the name of the variant.
        tensors: that are looked at.
        asked: what is searched for.

    Raises:
        RfonnxError: a variant cannot be made, or its shapes contradict each other; it is named.
    """
    if AS_IT_IS in variants:
        raise QueryError(f"a variant is called '{AS_IT_IS}', as the model itself is", "give it another name")
    pairs: tuple[Pair, ...] = ()
    written: tuple[Change, ...] = ()
    if size is not None:
        model, shapes, pairs, written = at_size(model, shapes, size)
    analysis = analyze(model, shapes)
    graph, pairs = analysis.graph, pairs or axes_of(analysis)
    check_lengths(graph)
    looked_at = tensors_of(analysis, tensors, pairs)
    past = {name: found for name in looked_at if (found := past_of(analysis, name))}
    subject = Subject(model, shapes, analysis, pairs, looked_at, past)
    before = look(subject, Changed(model, written), AS_IT_IS)
    made: list[Variant] = []
    for name, changes in variants.items():
        try:
            made.append(look(subject, fitted(subject, changes), name))
        except RfonnxError as error:
            told = named(error, f"variant {quote(name)}") if len(variants) > 1 else error
            raise named(told, graph.name if model.label == "model" else model.label) from None
    target = None if asked is None else search(asked, subject, before)
    return WhatIf(graph.name, analysis.input_shapes, before, tuple(made), target)
