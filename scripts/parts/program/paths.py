"""The places of things. Everything that is made lies below target/, which git ignores."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = ROOT / "scripts"
# Directories in which Python finds the modules of the scripts, the emulator and the benchmark.
PYTHONPATH = os.pathsep.join(str(ROOT / place) for place in ("scripts/parts", "tests", "tests/load"))
TARGET = ROOT / "target"
TOOLS = TARGET / "tools"
HANDLERS = TARGET / "handlers"
