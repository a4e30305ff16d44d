"""The one table of operators: a column is filled once, every operator has every column, and no other file lists names."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import onnx.defs
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

import rfonnx.gradients.decompose
import rfonnx.gradients.rules  # noqa: F401  (both fill columns)
from rfonnx.gradients.rule_table import declare_zero
from rfonnx.operators.access.op import registered
from rfonnx.operators.row import Unknown
from rfonnx.operators.table import declare, kinds, operator

ROOT = Path(__file__).parents[2]
DOMAINS = ("", "ai.onnx.ml")
SCHEMAS = {
    f"{schema.domain}.{schema.name}" if schema.domain else schema.name: schema
    for schema in [*runtime.get_all_operator_schema(), *onnx.defs.get_all_schemas_with_history()]
}
KNOWN = sorted(registered())


def test_a_column_is_filled_once() -> None:
    with pytest.raises(ValueError, match="reads of Conv is declared twice"):
        declare("Conv", reads=Unknown("again"))


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="has no column 'colour'"):
        declare("Conv", colour="red")


def test_an_operator_that_nobody_declared_is_unknown_in_every_column() -> None:
    row = operator("made.up.Operator")
    assert isinstance(row.reads, Unknown)
    assert isinstance(row.macs, Unknown)
    assert not row.filled
    assert "made.up.Operator" not in kinds("reads")


ROWS = (
    "import rfonnx.operators; from rfonnx.operators.table import _rows, operator;"
    "own = {'range', 'indexed', 'lengths'};"
    "rows = lambda: {kind: sorted(row.filled - own) for kind, row in _rows.items() if '.' not in kind};"
)
"""Columns of operators of ai.onnx, but for those that only `rfonnx.model.id_range` asks for, which loads what fills them."""


def test_a_row_that_is_there_at_once_is_complete_at_once() -> None:
    program = (
        "before = rows(); assert 'Conv' in before and 'Resize' not in before; assert operator('Resize').filled;"
        "after = rows(); assert {kind: after[kind] for kind in before} == before and 'LSTM' in after;"
        "assert 'com.microsoft.MoE' not in _rows"
    )
    subprocess.run([sys.executable, "-P", "-c", ROWS + program], timeout=60, check=True)


def test_families_of_other_domains_hold_no_operator_of_the_standard() -> None:
    program = (
        "operator('Resize'); before = rows(); assert operator('com.microsoft.FusedConv').filled;"
        "assert rows() == before and 'com.microsoft.MoE' in _rows"
    )
    subprocess.run([sys.executable, "-P", "-c", ROWS + program], timeout=60, check=True)


def test_what_integer_inputs_may_hold_is_asked_of_a_full_table() -> None:
    program = (
        "import rfonnx.model.id_range; from rfonnx.operators.table import operator;"
        "assert operator('Gather').indexed and operator('Cast').range"
    )
    subprocess.run([sys.executable, "-P", "-c", program], timeout=60, check=True)


def test_the_table_holds_every_operator_of_onnx_and_onnxruntime() -> None:
    """With what it reads, or that nobody wrote a rule. Operators of training, and without inputs, are left out."""
    left_out = {
        kind
        for kind, schema in SCHEMAS.items()
        if schema.domain.startswith("ai.onnx.") and schema.domain not in DOMAINS
    }
    made = {kind for kind, schema in SCHEMAS.items() if schema.max_input == 0}
    missing = set(SCHEMAS) - kinds("reads") - kinds("body") - left_out - made
    assert not missing


@pytest.mark.parametrize("kind", KNOWN)
def test_an_operator_with_an_access_rule_has_every_column(kind: str) -> None:
    row = operator(kind)
    assert "manner" in row.filled
    assert {"macs", "body"} & row.filled or row.holds_graphs
    assert {"shapes", "body"} & row.filled or onnx.defs.has(row.kind.rpartition(".")[2], row.kind.rpartition(".")[0])
    assert {"gradient", "body"} & row.filled or row.holds_graphs or is_function(kind)


def is_function(kind: str) -> bool:
    """Whether onnx says what it is made of: it is inlined before gradients are taken."""
    domain, _, name = kind.rpartition(".")
    schemas = [one for one in onnx.defs.get_all_schemas_with_history() if (one.name, one.domain) == (name, domain)]
    return any(one.has_function or one.has_context_dependent_function for one in schemas)


def test_a_gradient_of_an_operator_that_the_table_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match=r"does not know made\.up\.Operator"):
        declare_zero("it is made up", "made.up.Operator")


def test_a_shape_rule_goes_with_an_access_rule() -> None:
    """Or what is read is stated to be unknown."""
    assert kinds("shapes") <= kinds("reads") | kinds("body")
    assert set(registered()) <= kinds("reads") | kinds("body")


ALLOWED = {
    "rfonnx/model/building/control.py": "builds the four operators that hold graphs, a function for each",
    "rfonnx/model/building/sequences.py": "replaces operators on sequences by others, a method for each",
    "rfonnx/checking/rules/modes.py": "three casts and constants that may make float64",
    "rfonnx/gradients/rules/": "fill the column `gradient`",
    "rfonnx/gradients/lanes.py": "fills the column `lane`",
    "rfonnx/gradients/emitter.py": "the types of what is emitted",
    "rfonnx/gradients/patterns/": "match nodes by name, a function for each pattern",
    "rfonnx/gradients/preparing/": "write nodes that onnxruntime takes, and ask for those that it folds",
}
"""Files outside operators/ that name three operators or more in one list, and why."""


def lists(tree: ast.AST) -> Iterator[list[str]]:
    """Operators' names that stand side by side: in a list, a set, the keys of a dict, arguments, or one string."""
    names = {kind.rpartition(".")[2] for kind in SCHEMAS} | set(SCHEMAS)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.split()
            if len(set(words) & names) > 2 and set(words) <= names:
                yield words
            continue
        parts: list[ast.expr | None] = []
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            parts = list(node.elts)
        elif isinstance(node, ast.Dict):
            parts = list(node.keys)
        elif isinstance(node, ast.Call):
            parts = list(node.args)
        found = {part.value for part in parts if isinstance(part, ast.Constant) and part.value in names}
        if len(found) > 2:
            yield sorted(map(str, found))


def test_no_other_file_lists_operators() -> None:
    files = subprocess.run(
        ["git", "ls-files", "rfonnx/*.py"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    listing = {
        name: found
        for name in files.split()
        if not name.startswith(("rfonnx/operators/", *ALLOWED))
        if (found := list(lists(ast.parse((ROOT / name).read_text()))))
    }
    assert not listing


def test_the_check_of_lists_finds_them() -> None:
    assert list(lists(ast.parse('X = ("Conv", "Relu", "Gelu")'))) == [["Conv", "Gelu", "Relu"]]
    assert list(lists(ast.parse('X = "Conv Relu com.microsoft.Gelu".split()')))
    assert not list(lists(ast.parse('X = ("Conv", "Relu")')))
