"""Where two models part: inner tensors paired and held against each other along the depth, and each layer by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from onnx import NodeProto

from rfonnx.comparing.fields.agreement import Agreement
from rfonnx.comparing.layers.inner_tensors import Inner, InnerModel
from rfonnx.comparing.layers.lasting import computed_from, lasting
from rfonnx.comparing.layers.layer_kinds import sums_products
from rfonnx.comparing.layers.own_error import CutModel
from rfonnx.comparing.layers.pairing import Pairing, paired
from rfonnx.comparing.layers.quantisers import quantisers
from rfonnx.comparing.layers.side import Side
from rfonnx.comparing.layers.weight_errors import weight_errors
from rfonnx.comparing.layers.wiring import Sources
from rfonnx.errors import RfonnxError
from rfonnx.model.reading.convert import kind_of
from rfonnx.results.parting import LayerAgreement, Parting

SAMPLES = 4
"""Samples that are looked at: a broken layer shows on the first."""

EXACT_DB = 150.0
"""What no rounding of float32 reaches: exact figures count as this where figures are subtracted."""

FURTHER_DB = 15.0
"""How much further pairs must recover where an output misses a limit and none was found that lasts."""

HALF_DB = 3.0
"""Half of an error's power."""

SHOWN_NODES = 8
"""Nodes of a layer that are kept, the last ones."""

ALL_TENSORS, ALL_WEIGHTS = "all tensors", "all weights"

Feed = Mapping[str, np.ndarray]
Feeds = Sequence[tuple[Feed, Feed]]
Pair = tuple[Inner, Inner]
Names = Sequence[tuple[str, str]]
Sums = dict[str, Agreement]
Limits = tuple[float, float]


def parting(
    teacher: InnerModel,
    student: InnerModel,
    feeds: Feeds,
    limits_db: Limits,
    inputs: Names,
    outputs: Mapping[tuple[str, str], bool],
) -> Parting:
    """Compare inner tensors over a few samples, as the models compute them and layer by layer.

    Memory holds all tensors of both models for one sample, as far as they are given (see `inner.fitting`).

    Args:
        teacher, student: opened with `real`.
        feeds: inputs of both models, with their batch axis, per sample.
        limits_db: the SQNR under which a pair has parted, and the one that outputs need: a pair recovers with it.
        inputs: those that are paired.
        outputs: those that are paired, and whether they were found to agree.

    Raises:
        ShapeError: a model does not take these arrays.
    """
    search = _Search(teacher, student, feeds, limits_db, inputs)
    search.accumulate(list(outputs))
    search.find_lasting({other: agrees for (_, other), agrees in outputs.items()})
    search.take_apart()
    return search.result()


class _Search:
    """One search on its way. Sums are by the student's key."""

    def __init__(
        self, teacher: InnerModel, student: InnerModel, feeds: Feeds, limits_db: Limits, inputs: Names
    ) -> None:
        self._models = teacher, student
        self._inputs = inputs
        self._feeds, self._limit, self._enough = feeds, limits_db[0], max(limits_db)
        self._pairing = Pairing([], [], 0)
        self._values: Feed = {}
        self._whole: Sums = {}
        self._own: Sums = {}
        self._quantised: Sums = {}
        self._weights: Mapping[str, float] = {}
        self._order: list[str] = []
        self._before: Sources = {}
        self._lasting: set[str] = set()
        self._cut: list[Pair] = []
        self._unfed: dict[str, str] = {}
        for model in self._models:
            if model.left_out:
                self._unfed[f"{model.left_out} tensors of the {model.label}"] = "the largest, over 1 GiB in all"

    def accumulate(self, outputs: Names) -> None:
        """Pair, and hold what the models compute against each other."""
        teacher, student = self._models
        for number, (mine, theirs) in enumerate(self._feeds):
            a, b = teacher.values(mine), student.values(theirs)
            if number == 0:
                sides = Side(teacher, a), Side(student, b)
                self._pairing, self._values = paired(*sides, outputs), b
            for left, right in (*self._pairing.pairs, *self._pairing.tails):
                self._whole.setdefault(right.key, Agreement()).add(a[left.key], b[right.key])
            for one, other in self._inputs:
                if mine[one].dtype.kind == "f" and theirs[other].dtype.kind == "f":
                    self._whole.setdefault(other, Agreement()).add(mine[one], theirs[other])

    def find_lasting(self, judged: Mapping[str, bool]) -> None:
        """Find the pairs that do not recover; the others are not where the models part, and are not cut at.

        Where all outputs agree there are none. Where one misses a limit and all pairs recover, they must recover further: the
        SQNR of a tensor of unlike quantities may hide what the output misses.
        """
        pairs, tails = self._pairing.pairs, self._pairing.tails
        wiring = self._models[1].wiring
        order = {name: number for number, node in enumerate(wiring.nodes) for name in node.output}
        tensors = sorted(dict.fromkeys(right for _, right in (*pairs, *tails)), key=lambda right: order[right.name])
        self._order = [right.name for right in tensors]
        self._before = wiring.before(self._order)
        figures = {right.name: self._whole[right.key].sqnr_db for right in tensors}
        roots = {wiring.root(name): name for name in self._order}
        ends = {name if name in figures else roots.get(wiring.root(name), name): ok for name, ok in judged.items()}
        for enough in (self._enough, self._enough + FURTHER_DB):
            if not self._lasting and not all(judged.values()):
                self._lasting = lasting(self._order, figures, self._before, (self._limit, enough), ends)
        for pair in pairs:
            if figures[pair[1].name] < self._limit and pair[1].name not in self._lasting:
                self._unfed[pair[1].name] = "it differs, and what is computed from it agrees again"
            else:
                self._cut.append(pair)

    def take_apart(self) -> None:
        """Measure every layer, quantiser and weight by itself; what prevents it stands among what was not fed."""
        try:
            self._by_themselves()
        except RfonnxError as error:
            self._unfed[ALL_TENSORS] = str(error)
        try:
            self._weights = weight_errors(*self._models, self._cut)
        except RfonnxError as error:
            self._unfed[ALL_WEIGHTS] = str(error)

    def _by_themselves(self) -> None:
        teacher, student = self._models
        cut = [right for _, right in self._cut]
        copies = list(quantisers(student.wiring, cut, [tensor.real for tensor in student.tensors if tensor.real]))
        seen = [right.name for _, right in self._pairing.tails if right not in cut]
        model = CutModel(student, cut, seen, self._values, [(copy.nodes, copy.result) for copy in copies])
        for mine, theirs in self._feeds:
            a = teacher.values(mine)
            given = {right.key: a[left.key] for left, right in self._cut}
            taken = self._teachers_inputs(mine, theirs)
            made = model.values(taken, given)
            for left, right in (*self._cut, *self._pairing.tails):
                self._own.setdefault(right.key, Agreement()).add(a[left.key], made[right.key])
            for copy in copies:
                source = given.get(copy.source, taken.get(copy.source))
                if source is not None:
                    self._quantised.setdefault(copy.source, Agreement()).add(source, made[copy.result])

    def _teachers_inputs(self, mine: Feed, theirs: Feed) -> Feed:
        """The student's inputs, the teacher's arrays where they fit: another preparation is no fault of a layer."""
        pairs = [(mine[one], theirs[other], other) for one, other in self._inputs]
        fitting = {name: a for a, b, name in pairs if (a.shape, a.dtype) == (b.shape, b.dtype)}
        return {**theirs, **fitting}

    def result(self) -> Parting:
        """What was found."""
        ends = {left.name for left, _ in self._cut}, {right.name for _, right in self._cut}
        layers = tuple(self._layer(pair, ends) for pair in self._pairing.pairs)
        tails = tuple(self._layer(pair, ends, tail=True) for pair in self._pairing.tails)
        return Parting(
            layers,
            self._limit,
            next((layer for layer in layers if layer.lasting), None),
            steepest(layers, self._limit),
            self._pairing.unmatched,
            len(self._feeds),
            damaged=self._damaged(layers),
            behind=tuple(layer for layer in tails if layer.lasting and self._differs(layer)),
            inputs=tuple(self._input(one, other) for one, other in self._inputs if other in self._whole),
            unfed=tuple(self._unfed.items()),
        )

    def _damaged(self, layers: Sequence[LayerAgreement]) -> tuple[LayerAgreement, ...]:
        """Layers that differ by themselves. Behind one that does, ranges of quantisers were chosen for what it makes, so that the
        teacher's tensors do not fit them: that is its doing."""
        found = [layer for layer in layers if layer.lasting and self._differs(layer)]
        quantised = {layer.student: layer.quantised_db for layer in layers if layer.quantised_db is not None}
        ranges = {layer.student for layer in found if self._by_range(layer, quantised)}
        causes = {layer.student for layer in found} - ranges
        effects = computed_from(self._order, self._before, causes) & ranges
        return tuple(layer for layer in found if layer.student not in effects)

    def _by_range(self, layer: LayerAgreement, quantised: Mapping[str, float]) -> bool:
        """Whether most of a layer's own error is that of a quantiser: its own, or that of what it reads."""
        near = [layer.student, *self._before.get(layer.student, ())]
        worst = min((quantised[name] for name in near if name in quantised), default=np.inf)
        return layer.own_db is not None and worst <= layer.own_db + HALF_DB

    def _differs(self, layer: LayerAgreement) -> bool:
        return layer.own_db is not None and layer.own_db < self._limit

    def _layer(self, pair: Pair, ends: tuple[set[str], set[str]], tail: bool = False) -> LayerAgreement:
        """One row; a tail that is the end of the last pair itself has no nodes."""
        left, right = pair
        whole, own, quantised = self._whole[right.key], self._own.get(right.key), self._quantised.get(right.key)
        ours, nodes = (
            [] if tail and tensor.name in marked else model.wiring.between(tensor.name, marked)
            for model, tensor, marked in zip(self._models, pair, ends, strict=True)
        )
        node = self._main_node(right, nodes)
        return LayerAgreement(
            left.name,
            right.name,
            node.name,
            node.op_type,
            whole.sqnr_db,
            whole.cosine,
            whole.max_abs,
            whole.finite,
            lasting=right.name in self._lasting,
            own_db=own.sqnr_db if own is not None else None,
            quantised_db=quantised.sqnr_db if quantised is not None else None,
            weight_db=self._weights.get(right.name),
            nodes=_shown(nodes),
            teacher_nodes=_shown(ours),
        )

    def _main_node(self, right: Inner, nodes: Sequence[NodeProto]) -> NodeProto:
        """The one sum of products among a layer's nodes, else the node that makes the tensor, before it is quantised or cast."""
        products = [node for node in nodes if sums_products(kind_of(node))]
        wiring = self._models[1].wiring
        return (
            products[0] if len(products) == 1 else wiring.maker.get(wiring.root(right.name), wiring.maker[right.name])
        )

    def _input(self, one: str, other: str) -> LayerAgreement:
        whole, quantised = self._whole[other], self._quantised.get(other)
        figures = whole.sqnr_db, whole.cosine, whole.max_abs, whole.finite
        return LayerAgreement(one, other, "", "", *figures, quantised_db=quantised.sqnr_db if quantised else None)


def _shown(nodes: Sequence[NodeProto]) -> tuple[tuple[str, str], ...]:
    return tuple((node.op_type, node.name) for node in nodes[-SHOWN_NODES:])


def steepest(layers: Sequence[LayerAgreement], limit_db: float) -> LayerAgreement | None:
    """Where the SQNR falls most under the lowest before it, from the first pair on that is not exact: that one rounds. Where that
    first one is under the limit it falls from what is exact itself."""
    found, deepest = None, 0.0
    lowest: float | None = None
    for layer in layers:
        here = max(min(layer.sqnr_db, EXACT_DB), -EXACT_DB) if layer.finite else -EXACT_DB
        if lowest is None and here < EXACT_DB:
            lowest = EXACT_DB if here < limit_db else here
        if lowest is not None:
            if lowest - here > deepest:
                deepest, found = lowest - here, layer
            lowest = min(lowest, here)
    return found if len(layers) > 1 else None
