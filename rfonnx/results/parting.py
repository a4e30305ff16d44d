"""Where two models part, as data: their inner tensors in pairs. The teacher's figure comes first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LayerAgreement:
    """One pair of inner tensors.

    Attributes:
        teacher, student: the tensors' names.
        node, op_type: the student's node that computes it, before it is quantised or cast.
        sqnr_db, cosine, max_abs: as for outputs, over the samples that were looked at: the accumulated error.
        finite: neither has a NaN or infinity that the other has not.
        lasting: it is under the limit, and so is what is computed from it, up to an output.
        own_db: SQNR of what the student computes of the teacher's tensors: the layer's own error; None: not measured.
        quantised_db: SQNR of the teacher's tensor, quantised as the student quantises it; None: it does not, or not measured.
        weight_db: SQNR of the layer's weight against the teacher's; None: there is not one weight on both sides.
        nodes: operator and name of the student's nodes that make it from the pairs before it, the last few.
        teacher_nodes: the teacher's.
    """

    teacher: str
    student: str
    node: str
    op_type: str
    sqnr_db: float
    cosine: float
    max_abs: float
    finite: bool
    lasting: bool = False
    own_db: float | None = None
    quantised_db: float | None = None
    weight_db: float | None = None
    nodes: tuple[tuple[str, str], ...] = ()
    teacher_nodes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Parting:
    """Where two models part.

    Attributes:
        layers: the pairs in order of the teacher's depth.
        limit_db: the SQNR under which a pair has parted.
        first: the first pair under it that does not recover, or None.
        steepest: the pair whose SQNR falls most from the worst before it, or None with fewer than two pairs.
        unmatched: how many tensors of the teacher have no partner.
        samples: how many samples were looked at.
        damaged: the pairs that do not recover and are under the limit by themselves.
        behind: outputs that part behind the last pair, by what one model alone does there.
        inputs: float inputs of both, in the order of the teacher's; `quantised_db` is the student's quantiser's.
        unfed: tensors of the student that were not replaced by the teacher's, with the reason.
    """

    layers: tuple[LayerAgreement, ...]
    limit_db: float
    first: LayerAgreement | None
    steepest: LayerAgreement | None
    unmatched: int
    samples: int
    damaged: tuple[LayerAgreement, ...] = ()
    behind: tuple[LayerAgreement, ...] = ()
    inputs: tuple[LayerAgreement, ...] = ()
    unfed: tuple[tuple[str, str], ...] = ()

    @property
    def unlike_inputs(self) -> tuple[LayerAgreement, ...]:
        """Inputs whose samples are under the limit: the models are given unlike things, whatever their layers do."""
        return tuple(layer for layer in self.inputs if layer.sqnr_db < self.limit_db or not layer.finite)
