"""CHANGELOG.md in the form of Keep a Changelog."""

import datetime
import re

from program.paths import ROOT

from release.error import ReleaseError

FILE = ROOT / "CHANGELOG.md"
_HEADING = r"^## \[{version}\] - (\d{{4}}-\d{{2}}-\d{{2}})$"


def section(text: str, version: str) -> tuple[datetime.date, str]:
    """The day of a version, and its changes."""
    heading = re.search(_HEADING.format(version=re.escape(version)), text, re.MULTILINE)
    if not heading:
        raise ReleaseError(f"CHANGELOG.md has no section of {version}: rename Unreleased to ## [{version}] - YYYY-MM-DD")
    rest = text[heading.end() :]
    end = re.search(r"^(## |\[[^\]]+\]: )", rest, re.MULTILINE)
    return datetime.date.fromisoformat(heading[1]), rest[: end.start() if end else None].strip()


def read(version: str) -> tuple[datetime.date, str]:
    return section(FILE.read_text(), version)
