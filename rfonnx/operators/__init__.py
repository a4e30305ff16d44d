"""What rfonnx knows of operators. Importing this package fills `table`, whichever of its modules is asked for."""

from rfonnx.operators import declared, families, id_rules, indexed, shape_arithmetic  # noqa: F401
