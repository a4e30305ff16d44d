"""Sets of operators that are asked for by name, read off the table. (The families' own modules ask `table.operator`.)"""

from __future__ import annotations

from rfonnx.operators.table import kinds, operators

RANDOM = kinds("draws")
"""Operators that draw at random in every run. A `seed` fixes the first run of a session, not the second."""

DROPOUTS = {row.kind: row.training for row in operators() if row.training}
"""Operators that draw at random in training mode alone: the inputs that hold the ratio and the mode."""

BODIES = kinds("holds_graphs")
"""Operators that are as random as the graphs that they hold, and cost what these cost."""

STANDS_FOR = {row.kind: row.stands_for for row in operators() if row.stands_for}
"""The standard operator that a fused, blocked or quantised one computes before or beside what it adds. A Gemm is a MatMul and an
Add."""

AFFINE = kinds("affine")
"""Operators that scale and shift their one operand that is no constant: optimisers fold them into the product before."""

ELEMENTWISE = frozenset(row.kind for row in operators() if "elementwise" in row.manner)
NORMS = frozenset(row.kind for row in operators() if "norm" in row.manner)
"""See `Manner` in `rfonnx.operators.table`."""

SHAPE_ONLY = kinds("shape_only")
"""Operators that read the shape of their first input and not its values."""

HANDED_ON = kinds("hands_on")
"""Operators that hand on the numbers they read in another spelling."""
