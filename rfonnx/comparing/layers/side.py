"""One model's inner tensors as pairing sees them: their operators, shapes, and what is folded into what."""

from __future__ import annotations

from collections.abc import Mapping, Set

import numpy as np
from onnx import NodeProto

from rfonnx.comparing.layers.inner_tensors import Inner, InnerModel
from rfonnx.comparing.layers.layer_kinds import FOLDED, plain, quantises, scales, sums_products
from rfonnx.model.reading.convert import kind_of
from rfonnx.operators.table import operator

MAX_FOLDED = 16
"""Folded operators that are followed back to the sum of products that they follow."""

Values = Mapping[str, np.ndarray]


class Side:
    """One model's tensors of real numbers, with their values on the first sample.

    Attributes:
        tensors: the tensors, by key, in order.
        names: of all tensors of the model.
    """

    def __init__(self, model: InnerModel, values: Values) -> None:
        self.wiring = model.wiring
        self.names = {tensor.name for tensor in model.tensors}
        self.tensors = {
            t.key: t
            for t in model.tensors
            if values[t.key].dtype.kind == "f" and values[t.key].size and not quantises(self.kind(t))
        }
        self.shapes = {key: values[key].shape for key in self.tensors}

    def kind(self, tensor: Inner) -> str:
        """The standard operator that the tensor's stands for."""
        return plain(self.wiring.kind(tensor.name))

    def root(self, tensor: Inner) -> str:
        """Name of the tensor whose numbers this one holds."""
        return self.wiring.root(tensor.name)

    def sums(self, tensor: Inner, others: Set[str]) -> set[str]:
        """The products that end in the tensor, through operators that are folded into such and tensors that the other model does
        not have."""
        kinds: set[str] = set()
        way = [tensor.name]
        for name in way:
            kind = self.wiring.kind(name)
            if sums_products(kind):
                kinds.add(plain(kind))
            elif (kind in FOLDED or operator(kind).hands_on) and len(way) < MAX_FOLDED:
                operands = self.wiring.operands(self.wiring.maker[name])
                way += [source for source in operands if source not in way and source not in others]
        return kinds

    def ends(self, tensor: Inner) -> bool:
        """Whether the tensor is not one that only an operator reads which folds it into itself."""
        readers = self.wiring.readers.get(tensor.name, ())
        return not (len(readers) == 1 and self._affine(readers[0].output[0]) and sums_products(self._core(tensor.name)))

    def sign(self, tensor: Inner) -> tuple[str, tuple[int, ...]]:
        """What tensors are matched by: operator and shape. A product, with what scales and shifts it, is one layer."""
        return plain(self._core(tensor.name)), self.shapes[tensor.key]

    def activates(self, node: NodeProto) -> bool:
        """Whether a node is a function of the elements of one tensor, no scale and no shift."""
        kind = kind_of(node)
        return kind in FOLDED and not scales(kind) and len(self.wiring.operands(node)) == 1

    def _core(self, name: str) -> str:
        """Kind of the product that a tensor is, scaled and shifted; its own where it is none."""
        base = name
        for _ in range(MAX_FOLDED):
            if not self._affine(base):
                break
            base = self.wiring.operands(self.wiring.maker[base])[0]
        kind = self.wiring.kind(base)
        return kind if sums_products(kind) else self.wiring.kind(name)

    def _affine(self, name: str) -> bool:
        """Whether a tensor is another one, scaled and shifted by constants."""
        kind = self.wiring.kind(name)
        return scales(kind) and len(self.wiring.operands(self.wiring.maker[name])) == 1
