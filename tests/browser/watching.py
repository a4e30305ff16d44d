"""What goes wrong in a page: it complains, or asks for what it may not."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page


def watch(page: Page, may_ask: Callable[[str], bool]) -> list[str]:
    """A list that grows by a line for each error in the page's console, each that its scripts do not catch, and each
    request whose address `may_ask` does not allow.
    """
    faults: list[str] = []
    page.on("console", lambda said: faults.append(f"console: {said.text}") if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.on("request", lambda asked: None if may_ask(asked.url) else faults.append(f"asks for {asked.url[:200]}"))
    return faults
