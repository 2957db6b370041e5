"""Chromium, as tests look at pages with it."""

import functools
import html
import json
import shutil
import subprocess
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REMEDY = "the page is looked at in Chromium. Debian, Ubuntu: apt-get install chromium; Fedora: dnf install chromium"


@functools.cache
def browser() -> str | None:
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def measured(address: str, profile: Path, dark: bool, milliseconds: int = 5000) -> dict:
    """The JSON in the page's element `measured`, which its own script writes within so many milliseconds."""
    command = [
        str(browser()),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-extensions",
        "--no-first-run",
        f"--user-data-dir={profile}",
        "--window-size=1600,1000",
        f"--virtual-time-budget={milliseconds}",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        "--dump-dom",
        address,
    ]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    found = ran.stdout.split('<pre id="measured">')
    assert len(found) == 2, ran.stderr
    return json.loads(html.unescape(found[1].split("</pre>")[0]))
