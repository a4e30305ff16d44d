"""What watches the pages of other tests sees what it must."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from browser.watching import watch


def test_a_page_that_asks_for_nothing_and_has_no_errors_passes(opened: Callable[..., Page], tmp_path: Path) -> None:
    path = tmp_path / "a page.html"
    path.write_text(
        "<title>x</title><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='><script>console.log(1)</script>"
    )
    assert opened(path, color_scheme="dark").title() == "x"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("<script>console.error('no good')</script>", "console: no good"),
        ("<script>throw Error('thrown')</script>", "script: thrown"),
        ("<script>Promise.reject(Error('left'))</script>", "script: left"),
        ("<img src='http://localhost:9/x.png'>", "asks for http://localhost:9/x.png"),
        ("<script type=module src='other.js'></script>", "other.js"),
        ("<script>fetch('http://localhost:9/x').catch(() => 0)</script>", "asks for http://localhost:9/x"),
        ("<style>@import 'http://localhost:9/x.css';</style>", "asks for http://localhost:9/x.css"),
        ("<meta http-equiv=content-security-policy content=\"script-src 'none'\"><script>1</script>", "console: "),
    ],
)
def test_every_fault_is_seen(window: Callable[..., BrowserContext], tmp_path: Path, content: str, fault: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(content)
    page = window().new_page()
    faults = watch(page, lambda url: url == path.as_uri())
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    assert any(fault in one for one in faults), faults
