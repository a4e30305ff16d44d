"""JSON in the layout of `Analysis.to_dict`: one tensor a line, so that files can be compared line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rfonnx.report.fields.used import used
from rfonnx.report.fields.view import View, pick_axes, pick_tensors
from rfonnx.report.fields.view_source import Source
from rfonnx.results.plain import advice_to_dict, facts_to_dict, head_to_dict, plain, tensor_to_dict


def fields_json(source: Source, view: View) -> Iterator[str]:
    """Every tensor along every axis, or what `view` names. ASCII only: any other character is a JSON escape."""
    tensors = pick_tensors(source, view.tensors)
    axes = None if view.axes is None else pick_axes(source, view.axes)
    # json indents in Python but writes unindented in C: a line per tensor is the readable one of the fast ways.
    yield json.dumps(head_to_dict(source))[:-1] + ', "tensors": ['
    separator = "\n"
    for tensor in tensors:
        yield separator + json.dumps(tensor_to_dict(tensor, axes))
        separator = ",\n"
    yield f'\n], "facts": {json.dumps([facts_to_dict(fact) for fact in source.facts.values()])}'
    yield f', "advice": {json.dumps(advice_to_dict(source.advice))}'
    if view.sizes:
        yield f', "sizes": {json.dumps(plain(view.sizes))}'
    if view.rates:
        yield f', "objects": {json.dumps(plain(view.rates))}'
    if view.measured:
        yield f', "used": {json.dumps(plain(tuple(used(source, view.measured))))}'
    yield f', "warnings": {json.dumps(list(source.warnings))}}}\n'
