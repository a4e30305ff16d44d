"""What operators cost in multiply-accumulates, by family. Importing this package registers every operator.

What is counted is a sum of products: convolutions, matrix products, recurrent layers, attention. Sums alone, elementwise
operators, pools, norms, interpolation and what moves or compares are declared to have none. Every operator is one of three: it
has a count, it is declared to have none, or it is not known; the last is listed, never taken for free.
"""

from rfonnx.operators.products import attention, conv, free, matmul, rnn, unknown

__all__ = ["attention", "conv", "free", "matmul", "rnn", "unknown"]
