"""Which onnx schema tells the shapes of an operator, and which operators our own rules tell better."""

from __future__ import annotations

from functools import cache

import onnx

from rfonnx.graph.nodes import Node

_SAME = ("SAME_UPPER", "SAME_LOWER")
_POOLS = ("MaxPool", "AveragePool", "LpPool")

AMENDED = frozenset(
    {"Dropout", "GroupNormalization", "MaxUnpool", "MeanVarianceNormalization", "Range", "Resize", "STFT", "Upsample"}
    | {f"ai.onnx.ml.{name}" for name in ("Imputer", "LinearRegressor", "Normalizer", "SVMRegressor", "Scaler")}
    | {"ai.onnx.ml.TreeEnsembleRegressor"}
)
"""Operators with a schema whose inference is missing or wrong: see their families."""

AMENDED_WITH: dict[str, dict[str, tuple[str | int, ...] | None]] = {
    "ConvTranspose": {"output_shape": None, "auto_pad": _SAME},
    **{pool: {"auto_pad": _SAME, "ceil_mode": (1,)} for pool in _POOLS},
}
"""Operators whose inference is wrong when they have one of these attributes, with one of the values if there are some: a length
of output_shape below the input's is left out, and output_padding is added to lengths that SAME fixes; the runtime's pools
overlook dilation when they pad SAME, and never keep a window that begins behind the input."""

_NEGATIVE_AXES = frozenset({"Squeeze", "Unsqueeze", "Concat"})
_NEGATIVE_OPSET = 11
"""Since then axes may be negative. Runtimes took them before; the inference of the earlier versions overlooks them."""

_TENSOR_OPSET = 18
"""Since then OptionalHasElement takes tensors, which optional inputs of a model are here."""

_LATER = {**dict.fromkeys(_NEGATIVE_AXES, _NEGATIVE_OPSET), "OptionalHasElement": _TENSOR_OPSET}


def amended(node: Node) -> bool:
    """True when our own rule tells the node's shapes although onnx has a schema."""
    if node.kind in AMENDED:
        return True
    given = ((node.attrs.get(name), values) for name, values in AMENDED_WITH.get(node.kind, {}).items())
    return any(value is not None and (values is None or value in values) for value, values in given)


@cache
def schema_of(op_type: str, version: int, domain: str) -> onnx.defs.OpSchema | None:
    """The schema to infer an operator with, or None when onnx does not know the operator in that opset."""
    if not domain:
        version = max(version, _LATER.get(op_type, 0))
    try:
        schema = onnx.defs.get_schema(op_type, version, domain)
        if schema.deprecated:  # it still means what it meant
            schema = onnx.defs.get_schema(op_type, schema.since_version - 1, domain)
        if schema.has_type_and_shape_inference_function:
            return schema
        # Most operators of opset 1 have no inference; the next version that has differs from them in types alone.
        newest = onnx.defs.get_schema(op_type, max(onnx.defs.onnx_opset_version(), version), domain).since_version
        later = (onnx.defs.get_schema(op_type, number, domain) for number in range(version + 1, newest + 1))
        return next((s for s in later if s.has_type_and_shape_inference_function), schema)
    except onnx.defs.SchemaError:
        return None


def stands_in(schema: onnx.defs.OpSchema, op_type: str, version: int) -> bool:
    """True when a later version of an operator was taken for its inference, which may then fail by itself."""
    return schema.since_version > version and op_type not in _LATER
