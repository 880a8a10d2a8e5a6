"""HTML → image, by a real Chromium that playwright drives."""

from __future__ import annotations

import io
import os
import shutil
from types import TracebackType
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGE_SIZE = (640, 480)
"""Width and height of a page in CSS pixels, which are device pixels here."""
BROWSER_VARIABLE = "CMQA_BROWSER"
"""Environment variable that names the browser's executable."""
_CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--disable-gpu",
    "--disable-lcd-text",  # grey antialiasing: the same on every screen, and smaller files
    "--font-render-hinting=none",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# Replacing the document's markup in place is half as slow as a navigation; pages load nothing from outside.
_REPLACE = "html => { document.documentElement.innerHTML = html }"


class RenderError(RuntimeError):
    """No browser could be started, or a page does not fit its frame; the message says what to do."""


class Renderer:
    """A browser that turns pages into lossless WebP. Use it as a context manager.

    Args:
        browser: path of the browser's executable; by default :data:`BROWSER_VARIABLE`, else a Chromium on the PATH, else
            the one that playwright installed.

    Raises:
        RenderError: playwright is not installed, or the browser does not start.
    """

    def __init__(self, browser: str | None = None) -> None:
        try:
            from playwright.sync_api import Error, sync_playwright
        except ImportError as error:
            raise RenderError("rendering pages needs playwright: pip install 'cmqa-tasks[build]'") from error
        executable = browser or find_browser()
        flags = [*_FLAGS, "--no-sandbox"] if _is_root() else list(_FLAGS)
        self._playwright = sync_playwright().start()
        try:
            self._browser: Browser = self._playwright.chromium.launch(executable_path=executable, args=flags)
        except Error as error:
            self._playwright.stop()
            raise RenderError(
                f"could not start the browser {executable or 'of playwright'}: install Chromium (or run 'playwright install "
                f"chromium') or name one by --browser or {BROWSER_VARIABLE}\n{error}"
            ) from error
        width, height = PAGE_SIZE
        self._page = self._browser.new_page(viewport={"width": width, "height": height})
        self._page.set_content("<!DOCTYPE html><html></html>")

    @property
    def version(self) -> str:
        """The browser's version."""
        return str(self._browser.version)

    def render(self, html: str, name: str) -> bytes:
        """A page as lossless WebP, :data:`PAGE_SIZE` large.

        Args:
            html: the page's markup, complete in itself.
            name: what to call it in an error.

        Raises:
            RenderError: the page is larger than its frame, so part of it would be cut off.
        """
        self._page.evaluate(_REPLACE, html)
        size = self._page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        if size[0] > PAGE_SIZE[0] or size[1] > PAGE_SIZE[1]:
            raise RenderError(f"page {name} is {size[0]}×{size[1]}, larger than {PAGE_SIZE[0]}×{PAGE_SIZE[1]}")
        return encode(self._page.screenshot(type="png"))

    def close(self) -> None:
        """Stop the browser."""
        self._browser.close()
        self._playwright.stop()

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def find_browser() -> str | None:
    """The browser that the environment names or the PATH has; None leaves the choice to playwright."""
    named = os.environ.get(BROWSER_VARIABLE)
    return named or next((path for name in _CANDIDATES if (path := shutil.which(name))), None)


def _is_root() -> bool:
    """Whether Chromium would refuse to start its sandbox."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def encode(png: bytes) -> bytes:
    """A screenshot as lossless WebP: the same pixels in about a third of the bytes."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(buffer, "WEBP", lossless=True, method=4, quality=80)
    return buffer.getvalue()
