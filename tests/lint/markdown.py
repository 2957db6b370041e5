"""The faults that rumdl lets through: lines that a table swallows, and addresses that are none."""

import re
from collections.abc import Iterator

import prose

_ADDRESS = re.compile(r"\bhttps?:[^\s)>\]`\"']*")
_OTHERS = r"https://(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?:[/?#]\S*)?"
_OWN = r"http://(?:127\.0\.0\.1|localhost)(?::\d+)?(?:/\S*)?"
_WELL_FORMED = re.compile(f"{_OTHERS}|{_OWN}", re.IGNORECASE)
_COLUMNS = re.compile(r"\|[ :|-]*-[ :|-]*\|")


def swallowed(text: str) -> Iterator[tuple[int, str]]:
    """Lines that are no row of the table above, and are shown as one: no blank line is between."""
    inside = False
    for number, line in enumerate(prose.without_fences(text).splitlines(), 1):
        row = line.strip()
        if _COLUMNS.fullmatch(row):
            inside = True
        elif not row:
            inside = False
        elif inside and not (row.startswith("|") and row.endswith("|")):
            yield number, row


def ill_formed(text: str) -> Iterator[tuple[int, str]]:
    """Addresses without a host, or unencrypted ones of others."""
    for found in _ADDRESS.finditer(text):
        address = found.group().rstrip(".,;:")
        if not _WELL_FORMED.fullmatch(address):
            yield text.count("\n", 0, found.start()) + 1, address
