"""A few cases of every operator of ONNX's node test suite, differentiated; all of them by running `gradients.py` itself."""

from __future__ import annotations

from collections import defaultdict

from node_suite.cases import Case, all_cases
from node_suite.gradients import try_all

PER_OPERATOR = 2
NO_GRADIENT = {
    # by nature: random, steps, positions, of another kind than tensors of numbers
    *(
        "ArrayFeatureExtractor",
        "Binarizer",
        "Ceil",
        "Dropout",
        "Floor",
        "Hardmax",
        "MelWeightMatrix",
        "OptionalGetElement",
    ),
    *("Round", "Sign", "TreeEnsemble", "Unique"),
    # weights or statistics that are computed, outputs beside the first
    *("BatchNormalization", "DeformConv", "DynamicQuantizeLinear", "GRU", "LSTM", "LayerNormalization", "RNN"),
    # not written
    *("CumProd", "Det", "Resize", "STFT", "TensorScatter"),
}


def test_gradients_are_right_or_refused_by_name() -> None:
    chosen: dict[str, list[Case]] = defaultdict(list)
    for case in all_cases():
        if "expanded" not in case.name and len(chosen[case.operator]) < PER_OPERATOR:
            chosen[case.operator].append(case)
    tally = try_all([case for cases in chosen.values() for case in cases])
    assert tally.wrong == []
    assert {operator for operator, _ in tally.refused} <= NO_GRADIENT, tally.refused
    assert all("--method perturb" in text for _, text in tally.refused)
    assert len(tally.right) > 200
