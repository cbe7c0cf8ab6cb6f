"""Runs in a browser's environment: opens pages as somebody, and prints what axe finds wrong.

`pages_driver.py URL ROLE PATH...`: signs in by the demo's page, opens every fold of every page,
and answers with one line of JSON: by path, the rules that are broken and where.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = (1280, 320)


def main(url: str, role: str, paths: list[str]) -> None:
    """Open every page at both widths; a phone's is where things are hidden and cut off."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ["CHROMIUM"], args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{url}/sign-in")
        page.locator(f"#{role}-id").fill("900002")
        page.locator(f"form:has(#{role}-id) button").click()
        found = {
            f"{path} at {width}": _broken(page, url + path, width)
            for path in ["/sign-in", *paths]
            for width in WIDTHS
        }
        browser.close()
    sys.stdout.write(json.dumps(found) + "\n")


def _broken(page: Page, url: str, width: int) -> list[str]:
    page.set_viewport_size({"width": width, "height": 900})
    answer = page.goto(url)
    if answer is None or answer.status != 200:
        return [f"status {answer and answer.status}"]
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    # WCAG 1.4.10: at 320 pixels nothing but a table may need scrolling sideways.
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    violations: list[Any] = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    broken = [f"{each['id']}: {each['nodes'][0]['target']}" for each in violations]
    return [*broken, "wider than the window"] if wide else broken


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
