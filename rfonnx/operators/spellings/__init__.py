"""The one place where opset differences end: `canonicalize(node, graph)` gives each node the one spelling that rules see.

Conventions of the canonical spelling, for all operators:
- defaults are filled in; axes count from the front;
- `pads` are begins, then ends, and explicit (auto_pad is resolved);
- what one opset spells as an attribute and another as an input becomes the attribute, when the input is constant;
  the attribute is None when the input is computed at run time: a rule must then fall back to `everything`.
- an attribute that takes a shape to fill in (auto_pad SAME) is None when that shape is unknown.
Each family's module says which attributes its operators have after it.
"""

# each family registers its spellings when it is imported
from rfonnx.operators.spellings import (  # noqa: F401
    conv,
    elementwise,
    norm,
    pad,
    pool,
    reduce,
    resize,
    scan,
    scatter,
    shape,
    signal,
    slicing,
)
from rfonnx.operators.spellings.registry import canonicalize

__all__ = ["canonicalize"]
