"""What rfonnx knows of operators. Importing this package fills `table`, whichever of its modules is asked for.

Families whose operators are all of other domains than ai.onnx stand in `others`: they load when the table is asked for such an
operator, or for a whole column. Most models have none.
"""

from importlib import import_module

from rfonnx.operators import (  # noqa: F401
    attention,
    constant,
    control,
    conv,
    conv_transpose,
    einsum,
    elementwise,
    gather,
    id_rules,
    indexed,
    matmul,
    norm,
    pad,
    pool,
    quantize,
    reduce,
    resize,
    resize_shape,
    rnn,
    sampling,
    scan,
    scatter,
    selecting,
    sequence,
    shape,
    shape_arithmetic,
    signal,
    slicing,
    state,
    text,
    training,
    unsupported,
)
from rfonnx.operators.bodies import integer  # noqa: F401
from rfonnx.operators.table import fill_later

fill_later(lambda: import_module("rfonnx.operators.others"))
