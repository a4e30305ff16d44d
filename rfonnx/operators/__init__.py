"""What rfonnx knows of operators. Importing this package fills `table`, whichever of its modules is asked for."""

from rfonnx.operators import id_rules, products, shapes, spellings  # noqa: F401
from rfonnx.operators.access import rules  # noqa: F401
