"""What rfonnx knows of operators. Importing this package fills `table`, whichever of its modules is asked for.

At once it loads the families that most convolutional nets are made of. Others load when the table is asked for an operator that
these do not have: those of ai.onnx stand in `seldom`, those of other domains in `others`.
"""

from rfonnx.operators import (  # noqa: F401
    constant,
    conv,
    elementwise,
    gather,
    matmul,
    misfits,
    norm,
    pad,
    pool,
    reduce,
    shape,
    shape_arithmetic,
    slicing,
)
from rfonnx.operators.bodies import integer  # noqa: F401
from rfonnx.operators.table import fill_later

fill_later("rfonnx.operators.seldom", "rfonnx.operators.others")
