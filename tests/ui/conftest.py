"""Real Chromium, Debian's, driven by Playwright; no browser is downloaded."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright
from tutelage.rate import HumanLoop

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield browser
        browser.close()


class Page:
    """A rater's browser on a loop's link; what went wrong in it is kept."""

    def __init__(self, browser, link, **context):
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **context})
        self.page, self.wrong, self.requests = self.context.new_page(), [], []
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        self.page.on("dialog", lambda d: (self.wrong.append("dialog: " + d.message), d.dismiss()))
        self.page.on("request", lambda r: self.requests.append(r))
        self.page.goto(link)

    def __getattr__(self, name):
        return getattr(self.page, name)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def prompt(self):
        return self.page.locator(".prompt .text").evaluate("n => n.textContent")

    def answers(self):
        return self.page.locator(".answer .text").evaluate_all("all => all.map((n) => n.textContent)")

    def saved(self):
        self.page.locator(".saved", has_text="saved").and_(self.page.locator(".saved:not(.saving):not(.trouble)")).wait_for()


@pytest.fixture
def loop(tmp_path):
    with HumanLoop(tmp_path / "judgements.db") as made:
        made.serve()
        yield made


@pytest.fixture
def open_page(chromium):
    pages = []

    def make(link, **context):
        page = Page(chromium, link, **context)
        pages.append(page)
        page.locator(".work:not([hidden]), .empty:not([hidden])").filter(has_not_text="One moment").wait_for()
        return page

    yield make
    for page in pages:
        page.context.close()
