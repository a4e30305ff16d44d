"""What rfonnx knows of operators. Importing this package fills `table`, whichever of its modules is asked for."""

from rfonnx.operators import families, id_rules, indexed, shape_arithmetic, unsupported  # noqa: F401
