"""The machine of a measurement, and its time."""

import datetime
import os
import platform
import re
import subprocess
from pathlib import Path

from program.paths import ROOT


def describe() -> dict:
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "libc": " ".join(platform.libc_ver()),
        "python": platform.python_version(),
        "node": _line(["node", "--version"]),
        "rustc": _line(["rustc", "--version"]),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": _line(["git", "rev-parse", "HEAD"]),
        "changed_since": bool(_line(["git", "status", "--porcelain"])),
        "load_average": os.getloadavg(),
    }


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()


def _line(command: list[str]) -> str:
    """The first line of its output; empty if it is not there."""
    try:
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    except OSError:
        return ""
    return said.partition("\n")[0].strip()
