"""How results show themselves: what their methods `to_dict`, `plot`, `save` and `_repr_html_` give.

Reports stand above results, which therefore find this file by its name, when somebody asks (`rfonnx.system.late`).
"""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from rfonnx.errors import RfonnxError
from rfonnx.report.comparison.view import ComparisonView
from rfonnx.report.document import Section
from rfonnx.report.endings import format_of
from rfonnx.report.escape import without_commands
from rfonnx.report.fields.view import View
from rfonnx.report.fields.view_source import Source
from rfonnx.report.files import replace_file
from rfonnx.report.formats import CHECK, COMPARISON, EFFECTIVE, FIELDS, TILES, VERIFICATION, WHATIF, Subject, Told
from rfonnx.report.notebook import render
from rfonnx.report.target import target
from rfonnx.results.comparison import Comparison
from rfonnx.results.effective import ERF
from rfonnx.results.findings import CheckResult, CheckRun
from rfonnx.results.tiling import PlanSummary
from rfonnx.results.variants import WhatIf
from rfonnx.results.verification import Verification


def analysis_html(analysis: Source) -> str:
    """The report, its layers folded away."""
    return _html(FIELDS, analysis, View())


def erf_html(erf: ERF) -> str:
    """The picture, where matplotlib is installed and there is one, and the figures."""
    from rfonnx.report.effective.people import erf_document

    document = erf_document([erf])
    try:
        png = erf_bytes(erf, "png") if not erf.empty else b""
    except RfonnxError:  # without matplotlib: the picture in characters
        png = b""
    if not png:
        return "".join(render(document))
    parts = tuple(part for part in document.parts if not (isinstance(part, Section) and part.picture))
    encoded = base64.b64encode(png).decode()
    return f'<img alt="effective field" src="data:image/png;base64,{encoded}">' + "".join(
        render(document._replace(parts=parts))
    )


def comparison_html(found: Comparison) -> str:
    """What `rfonnx compare` says; figures are folded away."""
    return _html(COMPARISON, found, ComparisonView())


def check_html(result: CheckResult) -> str:
    """What `rfonnx check` says of one model."""
    return _html(CHECK, CheckRun((result,)))


def plan_html(plan: PlanSummary) -> str:
    """What `rfonnx tile plan` says."""
    return _html(TILES, plan)


def verification_html(found: Verification) -> str:
    """What `rfonnx tile verify` says."""
    return _html(VERIFICATION, found)


def whatif_html(found: WhatIf) -> str:
    """What `rfonnx whatif` says."""
    return _html(WHATIF, found)


def whatif_dict(found: WhatIf) -> dict[str, Any]:
    """The JSON of `rfonnx whatif`."""
    return _plain(WHATIF, found)


def erf_dict(erf: ERF) -> dict[str, Any]:
    """The JSON of `rfonnx erf` for this unit alone."""
    return _plain(EFFECTIVE, [erf])


def comparison_dict(found: Comparison) -> dict[str, Any]:
    """The JSON of `rfonnx compare`, without a configuration file."""
    return _plain(COMPARISON, found, ComparisonView())


def check_dict(result: CheckResult) -> dict[str, Any]:
    """The JSON of `rfonnx check` for this model alone, without a configuration file."""
    return _plain(CHECK, CheckRun((result,)))


def erf_figure(erf: ERF) -> Any:
    """A matplotlib figure.

    Raises:
        RfonnxError: matplotlib is not installed.
    """
    from rfonnx.report.effective import plot

    return plot.erf_figure([erf])


def erf_bytes(erf: ERF, style: str) -> bytes:
    """A format of `BINARY`."""
    return b"".join(piece for piece in EFFECTIVE.write(style, [erf]) if isinstance(piece, bytes))


def erf_save(erf: ERF, path: str | os.PathLike[str]) -> None:
    """Write what `rfonnx erf -o` would, in the format of the file's ending.

    Raises:
        RfonnxError: the ending stands for none, the file cannot be written, or it holds something else than a report of ours.
    """
    file = os.fspath(path)
    style = format_of(file, None, EFFECTIVE.formats, "file")
    found = target(file, option="file")
    replace_file(without_commands(EFFECTIVE.write(style, [erf]), style), style, file, found, "file")


def _html(subject: Subject[Told], *told: Told.args, **more: Told.kwargs) -> str:
    return "".join(piece for piece in subject.write("notebook", *told, **more) if isinstance(piece, str))


def _plain(subject: Subject[Told], *told: Told.args, **more: Told.kwargs) -> dict[str, Any]:
    made: dict[str, Any] = json.loads("".join(str(piece) for piece in subject.write("json", *told, **more)))
    return made
