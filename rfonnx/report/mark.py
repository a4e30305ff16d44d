"""How a file is known to be a report of ours: such a file may be replaced by the next one, any other is the user's."""

from __future__ import annotations

import re

from rfonnx.version import __version__

HEAD, TAIL = 2048, 64
"""Bytes at the beginning and at the end of a file that tell."""

SIGNATURE = f"rfonnx {__version__}"

SIGNED = {
    "text": f"\n{SIGNATURE}\n",
    "github": f"{SIGNATURE}\n",
    "markdown": f"\n<!-- {SIGNATURE} -->\n",
    "bioimageio": f"# {SIGNATURE}\n",
    "monai": f"# {SIGNATURE}\n",
}
"""The last line of formats that name their maker nowhere else, in files."""

_LAST_LINE = re.compile(rb"\n(?:(?:# )?rfonnx \d\S*|<!-- rfonnx \d\S* -->)\n\Z")

_BEGINNINGS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        rb'\{\s*"format": \d+,\s*"rfonnx": "',
        rb'\{\s*"\$schema": "[^"]*sarif[^"]*",.*"driver": \{\s*"name": "rfonnx"',
        rb"<\?xml [^>]*>\s*<testsuites>\s*<testsuite name=\"rfonnx ",
        rb"(?:name,shape,op_type,node,exact,input,|tensor,position,radius,positions,|tensor,op_type,shape,)",
        rb"\x89PNG\r\n\x1a\n.*Software\x00rfonnx \d",
        rb"<\?xml .*<svg .*<dc:title>rfonnx \d",
        rb"<!doctype html>\n<!-- rfonnx \d",
        rb'\{\s*"signature": "netron:attachment",\s*"maker": "rfonnx ',
        rb'\{\s*"(?:[^"\\]|\\.)*": \{\s*"name": "[\w ]+ \(rfonnx \d',
    )
)
_END = re.compile(rb"rfonnx \d\S*\Z")
"""The comment at the end of a .npz file, which is a zip file, and the last metadata of an annotated model."""

_SIGNED_AT_THE_END = (b"PK", b"\x08")


def is_report(head: bytes, tail: bytes) -> bool:
    """Whether a file with this beginning (`HEAD` bytes) and end (`TAIL` bytes) is a report of ours, of any version."""
    if _LAST_LINE.search(tail) or (head.startswith(_SIGNED_AT_THE_END) and _END.search(tail)):
        return True
    return any(beginning.match(head) for beginning in _BEGINNINGS)
