"""Settings of the site: `sphinx-build -W -c docs . OUT` in the root of the checkout.

The pages are plain Markdown, and are read on a code host as well. What a site needs beside them is made while they are read:
the tree of pages from the lists in docs/index.md, and the reference from docstrings.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import rfonnx
import rfonnx.types

sys.path.insert(0, str(Path(__file__).parent))
from reference_page import reference

project = "rfonnx"
author = "the maintainers of rfonnx"
release = rfonnx.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md", "models/**.md"]
myst_heading_anchors = 4
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!rfonnx\.).*"),  # Python, numpy, onnx: a build needs no network to find their pages
    (
        "py:.*",
        r"rfonnx\.(_core|analysis|graph|model|tiling)\..*",
    ),  # what is not public; names that are were found by then
]
default_role = "literal"  # `this` in a docstring is code
napoleon_custom_sections = [
    ("Attributes", "params_style")
]  # as a list: links by bare names, such as `size`, would go astray
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_type_aliases = {
    f"types.{name}": f"rfonnx.types.{name}" for name in vars(rfonnx.types)
}  # not what they stand for
maximum_signature_line_length = 100

html_theme = "furo"
html_title = f"rfonnx {release}"
html_copy_source = False

MADE_BY_USERS = ("rfonnx.types.Preparation", "rfonnx.types.Settings")

LISTS = re.compile(r"^## (.+)\n\n((?:(?!## ).*\n?)+)", re.MULTILINE)
"""A heading of docs/index.md, and what stands below it."""


def tree(index: str) -> Iterator[str]:
    """For each heading of docs/index.md a part of the site's tree: the pages that are linked below it."""
    for heading, text in LISTS.findall(index):
        links = re.findall(r"\[([^]]+)\]\(([^)#]+)\.md\)", text)
        pages = [f"{' '.join(title.replace('`', '').split())} </docs/{link}>" for title, link in links]
        below = [page.replace("/docs/../", "/") for page in pages]
        yield "\n".join(["```{toctree}", ":hidden:", f":caption: {heading}", "", *below, "```", ""])


def completed(app: Sphinx, page: str, source: list[str]) -> None:
    """Put below a page, as it is read, what only the site has."""
    more = {"docs/index": lambda: tree(source[0]), "docs/reference": reference}.get(page)
    if more:
        source[0] += "\n" + "\n".join(more())


def public(app: Sphinx, env: BuildEnvironment, wanted: pending_xref, shown: nodes.Element) -> nodes.Element | None:
    """Signatures name a class by its file, or as `types.AxisField`: its public name is what is linked."""
    last = wanted.get("reftarget", "").rpartition(".")[2]
    domain = env.get_domain("py")
    for name in (f"rfonnx.{last}", f"rfonnx.types.{last}"):
        if wanted.get("refdomain") == "py" and name in domain.objects:
            return domain.resolve_xref(env, wanted["refdoc"], app.builder, "obj", name, wanted, shown)
    return None


def signature(
    app: Sphinx, what: str, name: str, one: object, options: object, given: str | None, gives: str | None
) -> tuple[str | None, str | None]:
    """Aliases by their names, `types.Data`. Classes that rfonnx makes itself have none: fields stand among their attributes."""
    if what == "class" and name not in MADE_BY_USERS:
        return "", None
    named = re.compile(r"TypeAliasForwardRef\('rfonnx\.(.*?)'\)|rfonnx\.(?=types\.)")  # how Sphinx writes aliases
    return given and named.sub(r"\1", given), gives and named.sub(r"\1", gives)


def prose(app: Sphinx, what: str, name: str, one: object, options: object, lines: list[str]) -> None:
    """Keep napoleon from taking what stands before a colon in the first line of a property for its type."""
    if what in ("attribute", "property"):
        lines.insert(0, "")


def schemas(app: Sphinx, failure: Exception | None) -> None:
    """JSON Schemas lie in the site where their `$id` says."""
    if failure is None:
        shutil.copytree(app.srcdir / "docs" / "schema", app.outdir / "docs" / "schema", dirs_exist_ok=True)


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", completed)
    app.connect("autodoc-process-signature", signature)
    app.connect("autodoc-process-docstring", prose, priority=400)  # before napoleon
    app.connect("missing-reference", public)
    app.connect("build-finished", schemas)
