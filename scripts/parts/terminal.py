"""The output of a program, as a picture of a terminal.

spillway -p NAME status | scripts/parts/run.sh terminal "spillway -p NAME status" docs/pictures/status.svg
"""

import sys
from pathlib import Path
from xml.sax.saxutils import escape

from program import entry

COLUMN, LINE, LEFT, TOP, FOOT = 8.4, 19, 20, 50, 14
BAR = 26
STYLE = (
    ".page{fill:#0f172a}.bar{fill:#1e293b}text{font:14px ui-monospace,'DejaVu Sans Mono',monospace;fill:#e2e8f0;white-space:pre}"
    ".command{fill:#7dd3fc}.red{fill:#ef4444}.yellow{fill:#f59e0b}.green{fill:#22c55e}"
)


def draw(command: str, printed: str) -> str:
    """Lines keep their columns; the title is the command and its first line."""
    lines = printed.rstrip("\n").splitlines()
    width = round(2 * LEFT + COLUMN * max(len(line) for line in [f"$ {command}", *lines]))
    height = TOP + LINE * len(lines) + FOOT
    title = escape(f"{command}: {lines[0]}")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{width}" height="{height}" rx="8"/>',
        f'<path class="bar" d="M0 {BAR}V8a8 8 0 0 1 8-8H{width - 8}a8 8 0 0 1 8 8v{BAR - 8}z"/>',
    ]
    parts += [
        f'<circle class="{name}" cx="{LEFT + 18 * at}" cy="{BAR // 2}" r="5"/>'
        for at, name in enumerate(("red", "yellow", "green"))
    ]
    parts.append(f'<text class="command" x="{LEFT}" y="{TOP}" xml:space="preserve">$ {escape(command)}</text>')
    for number, line in enumerate(lines, start=1):
        if line:
            parts.append(f'<text x="{LEFT}" y="{TOP + LINE * number}" xml:space="preserve">{escape(line)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main(arguments: list[str]) -> int:
    command, path = arguments
    Path(path).write_text(draw(command, sys.stdin.read()))
    return 0


if __name__ == "__main__":
    entry.run("terminal", main)
