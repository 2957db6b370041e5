"""Where things lie. Everything that is made lies below target/, which git ignores."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
TARGET = ROOT / "target"
TOOLS = TARGET / "tools"
HANDLERS = TARGET / "handlers"
