"""A rendering of terraform/modules/dashboard from the lines that the handlers printed in a run: drawn by us, in the widgets' order.

CloudWatch draws the real one. Metrics that AWS itself reports are not in these lines: such a graph names it and leaves it out.
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from alarms.series import Metrics, Query

WIDTH, TEXT, LEGEND = 1240, 330, 300
TOP, ROW = 92, 178
LINES = ("#2563eb", "#d97706", "#16a34a", "#dc2626", "#7c3aed", "#0891b2")
STYLE = """
.page { fill: #ffffff; } .widget { fill: #f8fafc; stroke: #cbd5e1; }
text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #334155; }
.title { font-size: 20px; font-weight: 600; fill: #0f172a; } .name { font-size: 14px; font-weight: 600; fill: #0f172a; }
.quiet { fill: #64748b; } .grid { stroke: #64748b; stroke-opacity: .22; } .line { fill: none; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117; } .widget { fill: #161b22; stroke: #30363d; } text { fill: #c3ccd8; }
.title, .name { fill: #f1f5f9; } .quiet { fill: #94a3b8; }
}
"""
LETTERS_OF_A_LINE = 46


@dataclasses.dataclass(frozen=True)
class Shown:
    """One metric of a graph."""

    label: str
    of_handlers: bool
    # Whether it has the axis on the right, of other numbers.
    right: bool
    # One for each period; None: no value.
    points: Sequence[float | None]


@dataclasses.dataclass(frozen=True)
class Row:
    title: str
    says: str
    metrics: Sequence[Shown]


def rows(widgets: list[dict], metrics: Metrics, since: float, until: float, period: int) -> list[Row]:
    """Each graph with the text beside it. `period` stands for the minute that the widgets ask for."""
    count = max(2, math.ceil((until - since) / period))
    texts = {(widget["y"], widget["x"]): widget["properties"]["markdown"] for widget in widgets if widget["type"] == "text"}
    found = []
    for widget in widgets:
        if widget["type"] == "metric":
            _, _, says = texts[(widget["y"], 0)].partition("\n\n")
            shown = [_shown(metric, metrics, until, count, period) for metric in widget["properties"]["metrics"]]
            found.append(Row(widget["properties"]["title"], says, shown))
    return found


def _shown(metric: list, metrics: Metrics, until: float, count: int, period: int) -> Shown:
    namespace, name, *dimensions, rendering = metric
    named = tuple(sorted(zip(dimensions[::2], dimensions[1::2], strict=True)))
    query = Query(namespace, name, named, rendering["stat"], period)
    right = rendering.get("yAxis") == "right"
    return Shown(rendering["label"], namespace == "Spillway", right, metrics.points(query, until, count))


def draw(title: str, subtitle: str, shown: Iterable[Row], period: int) -> str:
    every = list(shown)
    height = TOP + ROW * len(every) + 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        f'<text class="title" x="16" y="36">{escape(title)}</text>',
        f'<text class="quiet" x="16" y="62">{escape(subtitle)}</text>',
    ]
    for number, row in enumerate(every):
        parts += _row(TOP + number * ROW, row, period)
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _row(top: int, row: Row, period: int) -> list[str]:
    left, right, bottom = TEXT + 70, WIDTH - LEGEND - 16, top + ROW - 44
    parts = [
        f'<rect class="widget" x="8" y="{top}" width="{TEXT - 8}" height="{ROW - 12}" rx="6"/>',
        f'<rect class="widget" x="{TEXT + 8}" y="{top}" width="{WIDTH - TEXT - 16}" height="{ROW - 12}" rx="6"/>',
        f'<text class="name" x="20" y="{top + 26}">{escape(row.title)}</text>',
    ]
    for number, line in enumerate(_wrapped(row.says)):
        parts.append(f'<text x="20" y="{top + 50 + 17 * number}">{escape(line)}</text>')
    most = {
        side: max([point for metric in row.metrics if metric.right is side for point in metric.points if point is not None] + [1])
        for side in (False, True)
    }
    count = max((len(metric.points) for metric in row.metrics), default=2)
    for share in (0, 0.5, 1):
        y = bottom - (bottom - top - 24) * share
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.0f}" y2="{y:.0f}"/>')
        parts.append(f'<text class="quiet" x="{left - 8}" y="{y + 4:.0f}" text-anchor="end">{most[False] * share:,.5g}</text>')
    for place in range(0, count, max(1, count // 6)):
        x = left + (right - left) * place / (count - 1)
        parts.append(f'<text class="quiet" x="{x:.0f}" y="{bottom + 20}" text-anchor="middle">{place * period} s</text>')
    for number, metric in enumerate(row.metrics):
        colour = LINES[number % len(LINES)]
        dots = [
            (left + (right - left) * place / (count - 1), bottom - (bottom - top - 24) * point / most[metric.right])
            for place, point in enumerate(metric.points)
            if point is not None
        ]
        if dots:
            parts.append(f'<polyline class="line" stroke="{colour}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in dots)}"/>')
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in dots]
        parts += _legend(top + 24 + 15 * number, metric, colour, most[metric.right] if dots else None)
    return parts


def _legend(y: int, metric: Shown, colour: str, most: float | None) -> list[str]:
    """`most`: the end of its axis; None: it is not drawn."""
    left = WIDTH - LEGEND
    if most is None:
        kind, mark = ' class="quiet"', []
        why = " (none)" if metric.of_handlers else " (AWS's own)"
    else:
        kind, mark = "", [f'<rect x="{left}" y="{y - 8}" width="9" height="9" rx="2" fill="{colour}"/>']
        why = f" (0 to {most:,.5g}, right)" if metric.right else ""
    return [*mark, f'<text{kind} x="{left + 15}" y="{y}">{escape(metric.label + why)}</text>']


def _wrapped(text: str) -> list[str]:
    lines = [""]
    for word in text.replace("`", "").split():
        if len(lines[-1]) + len(word) >= LETTERS_OF_A_LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
