"""Which onnx schema tells the shapes of an operator, and where our own rules tell them better."""

from __future__ import annotations

from functools import cache

import onnx

from rfonnx.graph.nodes import Node
from rfonnx.operators.table import operator


def amended(node: Node) -> bool:
    """True when our own rule tells the node's shapes although onnx has a schema."""
    row = operator(node.kind)
    if row.shapes is None or row.shapes_when is None:
        return row.shapes is not None
    given = ((node.attrs.get(name), values) for name, values in row.shapes_when.items())
    return any(value is not None and (values is None or value in values) for value, values in given)


@cache
def schema_of(op_type: str, version: int, domain: str) -> onnx.defs.OpSchema | None:
    """The schema to infer an operator with, or None when onnx does not know the operator in that opset."""
    if not domain:
        version = max(version, operator(op_type).inferred_since)
    try:
        schema = onnx.defs.get_schema(op_type, version, domain)
        if schema.deprecated:  # it still means what it meant
            schema = onnx.defs.get_schema(op_type, schema.since_version - 1, domain)
        if schema.has_type_and_shape_inference_function:
            return schema
        # Most operators of opset 1 have no inference; the next version that has differs from them in types alone.
        newest = onnx.defs.get_schema(op_type, max(onnx.defs.onnx_opset_version(), version), domain).since_version
        later = (onnx.defs.get_schema(op_type, number, domain) for number in range(version + 1, newest + 1))
        able = next((s for s in later if s.has_type_and_shape_inference_function), None)
        if able is None and operator(op_type).inferred_as and not domain:
            return schema_of(operator(op_type).inferred_as, version, domain)
        return able or schema
    except onnx.defs.SchemaError:
        return None


def stands_in(schema: onnx.defs.OpSchema, op_type: str, version: int) -> bool:
    """True when a later version of an operator was taken for its inference, which may then fail by itself."""
    return schema.since_version > version and not operator(op_type).inferred_since
