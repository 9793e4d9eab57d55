"""The page in a real browser: it is silent, asks nobody for anything, and fits a phone."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


class Browser:
    """Chromium's own protocol over two pipes: JSON messages that end with a zero byte."""

    def __init__(self, profile: Path) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        flags = " ".join([*FLAGS, f"--user-data-dir={profile}"])
        self._process = subprocess.Popen(
            ["bash", "-c", f"exec {CHROMIUM} {flags} 3<&{theirs_in} 4>&{theirs_out}"],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._out, self._in = os.fdopen(ours_out, "wb", buffering=0), os.fdopen(ours_in, "rb")
        self._number, self._session = 0, None
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask, and wait for the answer; what happens meanwhile is kept in `events`."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._number:
            pass
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, url: str, width: int, *, dark: bool = False) -> None:
        """Load a page at a width and wait until it has loaded."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=800,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self._receive()

    def evaluate(self, expression: str) -> Any:
        """Value of an expression in the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def complaints(self) -> list[dict[str, Any]]:
        """Errors and warnings since the page was opened."""
        names = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
        return [event for event in self.events if event.get("method") in names]

    def requests(self) -> list[str]:
        """Addresses asked for since the page was opened."""
        sent = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        self._process.wait(timeout=20)
        self._out.close()
        self._in.close()

    def _receive(self) -> dict[str, Any]:
        data = bytearray()
        while (byte := self._in.read(1)) != b"\0":
            assert byte, "the browser ended"
            data += byte
        message: dict[str, Any] = json.loads(data)
        if "id" not in message:
            self.events.append(message)
        return message


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def address(project: Any, page: str) -> str:
    return str((project.root / "report" / "index.html").resolve().as_uri())


@pytest.mark.parametrize("width", [375, 768, 1280])
def test_nothing_sticks_out_of_the_page_at_any_width(browser: Browser, address: str, width: int) -> None:
    browser.open(address, width)
    opened = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
    browser.evaluate(opened)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True])
def test_the_browser_has_nothing_to_complain_about_and_asks_no_model(
    browser: Browser, address: str, dark: bool
) -> None:
    browser.open(address, 1280, dark=dark)
    assert browser.complaints() == []
    assert browser.requests() == [address]


def test_dark_mode_is_dark(browser: Browser, address: str) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    browser.open(address, 1280, dark=True)
    dark = browser.evaluate(background)
    browser.open(address, 1280)
    assert dark != browser.evaluate(background)


def test_pointing_at_a_model_shows_its_ancestors(browser: Browser, address: str) -> None:
    browser.open(address, 1280)
    event = "new PointerEvent('pointerover', {bubbles: true})"
    browser.evaluate(
        f"document.querySelector('svg.tree .node.strong:not([data-parents=\"\"])').dispatchEvent({event})"
    )
    assert browser.evaluate("document.querySelectorAll('svg.tree.traced .node.on').length") >= 3


def test_on_a_phone_no_column_of_verdicts_lies_over_another(browser: Browser, address: str) -> None:
    """Scraps of a number beside a mark would read as a verdict."""
    browser.open(address, 375)
    rows = browser.evaluate(
        "[...document.querySelectorAll('#table-verdicts tbody tr:not(.group)')].map(row =>"
        " [...row.cells].map(cell => [cell.getBoundingClientRect().left, cell.getBoundingClientRect().right]))"
    )
    assert len(rows) > 3
    for cells in rows:
        for (_, right), (left, _) in pairwise(cells):
            assert right <= left + 0.5
    marks = browser.evaluate(
        "[...document.querySelectorAll('#table-verdicts .mark.level, #table-verdicts .mark.task-force-ahead')].map(mark =>"
        " [getComputedStyle(mark, '::before').content, mark.getBoundingClientRect().right])"
    )
    assert marks
    assert all(content in ('"="', '"▲"') and 0 < right < 60 for content, right in marks)


def test_on_a_phone_every_line_of_coverage_has_its_name_on_the_screen(browser: Browser, address: str) -> None:
    browser.open(address, 375)
    names = browser.evaluate(
        "[...document.querySelectorAll('[aria-label^=\"Line chart of coverage\"].narrow .label')].map(name =>"
        " [name.getBoundingClientRect().left, name.getBoundingClientRect().right])"
    )
    lines = browser.evaluate(
        "document.querySelectorAll('[aria-label^=\"Line chart of coverage\"].wide .label').length"
    )
    assert len(names) == lines > 1
    assert all(0 < left < right <= 375 for left, right in names)
