"""A browser, and pages that it opens from the disk: one that complains, or asks for anything but its own file, fails its test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from browser.watching import watch

PROGRAMS = ("chromium", "google-chrome")
"""That of Debian's package `chromium`, or the one that GitHub's machines have."""

ARGUMENTS = [
    "--headless",
    "--no-sandbox",  # which root cannot have
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


PATIENCE = 60_000
"""Milliseconds until a page that does not become what is expected fails its test: a busy machine is slow."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for each file: while it is there, an event loop runs in this thread, and tests of other folders start their own."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        missing = f"no browser, neither {' nor '.join(PROGRAMS)}: apt-get install chromium"
        if os.environ.get("CI_BROWSER") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def window(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes fresh windows, which close behind the test; words are those of Playwright's `Browser.new_context`."""
    made: list[BrowserContext] = []

    def make(**words: Any) -> BrowserContext:
        made.append(browser.new_context(**words))
        made[-1].set_default_timeout(PATIENCE)
        return made[-1]

    yield make
    for context in made:
        context.close()


@pytest.fixture
def opened(window: Callable[..., BrowserContext]) -> Iterator[Callable[..., Page]]:
    """Opens a file by its `file://` address; words are those of Playwright's `Browser.new_context`, as `color_scheme="dark"`.

    Behind the test it fails where a page had an error in its console or its scripts, or asked for anything but its file.
    """
    faults: list[list[str]] = []

    def open_file(path: Path, **words: Any) -> Page:
        address = path.resolve().as_uri()
        page = window(**words).new_page()
        faults.append(watch(page, lambda url: url == address))
        page.goto(address)
        return page

    yield open_file
    assert not any(faults), faults
