"""A real Chromium for tests, and pages that keep what they complain about."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
PATIENCE_MS = 120_000
SIZES = {
    "desktop": (1440, 900),
    "tablet": (820, 1180),
    "phone": (390, 844),
    "sideways": (1180, 820),
}


def keep_what_is_said(page: Page, selector: str) -> None:
    """Keep all that a part of the page says from now on, for a busy machine may look too late."""
    page.evaluate(
        """selector => {
            const part = document.querySelector(selector);
            window.said ??= [];
            new MutationObserver(() => window.said.push(part.textContent))
                .observe(part, { childList: true, characterData: true, subtree: true });
        }""",
        selector,
    )


def hear(page: Page, text: str) -> None:
    """Wait until what is kept holds a text, however short a time it was shown."""
    page.wait_for_function("text => window.said.some((each) => each.includes(text))", arg=text)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The installed browser, headless."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield started
        started.close()


@dataclass
class Tab:
    """A page, what it complained about, and what it asked other hosts for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    strayed: list[str] = field(default_factory=list)


@contextmanager
def tab(browser: Browser, url: str, size: str = "desktop", theme: str = "dark") -> Iterator[Tab]:
    """A page on the site at ``url``; fails at its end if it complained or left the site."""
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        color_scheme="light" if theme == "light" else "dark",
        has_touch=size != "desktop",
        is_mobile=size == "phone",
        device_scale_factor=2 if size == "phone" else 1,
    )
    context.set_default_timeout(PATIENCE_MS)
    opened = Tab(context.new_page())
    home = urlsplit(url).netloc

    def said(message: ConsoleMessage) -> None:
        # The browser itself reports pages that the tests know to be missing.
        if message.type in {"error", "warning"} and "status of 404" not in message.text:
            opened.complaints.append(message.text)

    def asked(request: Request) -> None:
        if request.url.startswith("http") and urlsplit(request.url).netloc != home:
            opened.strayed.append(request.url)

    opened.page.on("console", said)
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.page.on("request", asked)
    try:
        yield opened
    except BaseException as error:
        error.add_note(f"the page said: {opened.complaints}")
        raise
    else:
        assert opened.complaints == []
        assert opened.strayed == []
    finally:
        context.close()
