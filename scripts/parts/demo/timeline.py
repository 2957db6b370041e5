"""The picture of a run: the events that wait, run against the limit, and are done. One SVG, for light and dark pages."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

Point = tuple[float, float]

WIDTH = 960
LEFT, RIGHT = 76, 24
TOP = 92
PANEL, GAP = 84, 44
FOOT = 32
# The names of two curves of a panel stand so far apart.
LEGEND = 260

# Light first; viewers that know no media queries stay with it.
_LIGHT = {"waiting": "#d97706", "running": "#2563eb", "done": "#16a34a", "rate": "#7c3aed"}
_DARK = {"waiting": "#f59e0b", "running": "#60a5fa", "done": "#4ade80", "rate": "#a78bfa"}


def _colours(of: dict[str, str]) -> str:
    rules = (f".{name} .area, .{name} .swatch {{ fill: {c}; }} .{name} .line {{ stroke: {c}; }}" for name, c in of.items())
    return "\n".join(rules)


STYLE = f"""
.page {{ fill: #ffffff; }}
text {{ font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #334155; }}
.title {{ font-size: 20px; font-weight: 600; fill: #0f172a; }}
.name {{ font-weight: 600; fill: #0f172a; }}
.quiet {{ fill: #64748b; }}
.grid {{ stroke: #64748b; stroke-opacity: .22; }}
.axis {{ stroke: #64748b; stroke-opacity: .7; }}
.mark {{ stroke: #64748b; stroke-dasharray: 2 3; }}
.area {{ fill-opacity: .16; }}
.line {{ fill: none; stroke-width: 2; stroke-linejoin: round; }}
.limit {{ fill: none; stroke: #dc2626; stroke-width: 1.5; stroke-dasharray: 6 4; }}
.limit-text {{ fill: #dc2626; }}
{_colours(_LIGHT)}
@media (prefers-color-scheme: dark) {{
.page {{ fill: #0d1117; }}
text {{ fill: #c3ccd8; }}
.title, .name {{ fill: #f1f5f9; }}
.quiet {{ fill: #94a3b8; }}
.limit {{ stroke: #f87171; }}
.limit-text {{ fill: #f87171; }}
{_colours(_DARK)}
}}
"""


@dataclass(frozen=True)
class Curve:
    # The class of its colours.
    name: str
    label: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Timeline:
    """Times are seconds since the first upload; every series is (time, value), in order of time."""

    title: str
    subtitle: str
    waiting: Sequence[Point]
    running: Sequence[Point]
    done: Sequence[Point]
    limit: int
    objects: int
    # Events of the run with their times, such as a redrive.
    marks: Sequence[tuple[float, str]] = ()
    # Starts a second, and the rate that the target takes; empty: no such panel.
    rate: Sequence[Point] = ()
    takes: Sequence[Point] = ()


def running_steps(spans: Sequence[tuple[float, float]]) -> list[Point]:
    """How many of the spans (from, to) were open, from the first to the last change."""
    changes = sorted([(start, 1) for start, _ in spans] + [(stop, -1) for _, stop in spans])
    steps, open_spans = [(0.0, 0.0)], 0
    for at, change in changes:
        open_spans += change
        if steps[-1][0] == at:
            steps[-1] = (at, open_spans)
        else:
            steps.append((at, open_spans))
    return steps


def done_steps(times: Sequence[float]) -> list[Point]:
    return [(0.0, 0.0)] + [(at, number + 1.0) for number, at in enumerate(sorted(times))]


def draw(timeline: Timeline) -> str:
    series = (timeline.waiting, timeline.running, timeline.done)
    end = max([at for points in series for at, _ in points] + [at for at, _ in timeline.marks] + [1.0])
    panels = 3 if timeline.rate else 2
    height = TOP + panels * PANEL + (panels - 1) * GAP + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img"'
        f' aria-label="{escape(timeline.title, {chr(34): "&quot;"})}">',
        f"<title>{escape(timeline.title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="8"/>',
        f'<text class="title" x="{LEFT}" y="30">{escape(timeline.title)}</text>',
        f'<text class="quiet" x="{LEFT}" y="52">{escape(timeline.subtitle)}</text>',
    ]
    waiting = Curve("waiting", "Waiting in the events queue", timeline.waiting)
    done = Curve("done", f"Done, of {timeline.objects}", timeline.done)
    running = Curve("running", "Running executions", timeline.running)
    drawn: list[tuple[str, list[Curve], int | Sequence[Point] | None]] = [
        ("events", [waiting, done], None),
        ("executions", [running], timeline.limit),
    ]
    if timeline.rate:
        drawn.append(("starts", [Curve("rate", "Starts a second", timeline.rate)], timeline.takes))
    for number, (unit, curves, limit) in enumerate(drawn):
        parts += _panel(TOP + number * (PANEL + GAP), end, unit, curves, limit, timeline.marks)
    axis = TOP + panels * PANEL + (panels - 1) * GAP
    for tick in _moments(end):
        parts.append(f'<text class="quiet" x="{_x(tick, end):.1f}" y="{axis + 20}" text-anchor="middle">{_clock(tick)}</text>')
    parts.append(f'<text class="quiet" x="{LEFT - 22}" y="{axis + 20}" text-anchor="end">min:s</text>')
    # Between the curves of the first panel: nothing waits any more, and nearly all is done.
    middle = TOP + PANEL // 2
    for at, label in timeline.marks:
        near_end = at > end * 0.8
        anchor, offset = ("end", -6) if near_end else ("start", 6)
        parts.append(
            f'<text class="quiet" x="{_x(at, end) + offset:.1f}" y="{middle}" text-anchor="{anchor}">{escape(label)}</text>'
        )
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _panel(
    top: int,
    end: float,
    unit: str,
    curves: Sequence[Curve],
    limit: int | Sequence[Point] | None,
    marks: Sequence[tuple[float, str]],
) -> list[str]:
    bottom = top + PANEL
    limits = [(0.0, limit)] if isinstance(limit, int) else list(limit or ())
    most = max([value for points in [limits, *(curve.points for curve in curves)] for _, value in points] + [1])
    ticks = _ticks(most * 1.1, 4)
    ceiling = max(ticks[-1], most * 1.1)

    def y(value: float) -> float:
        return bottom - PANEL * value / ceiling

    parts = [
        f'<text class="quiet" x="16" y="{top + PANEL / 2}" text-anchor="middle"'
        f' transform="rotate(-90 16 {top + PANEL / 2})">{escape(unit)}</text>',
    ]
    for tick in ticks:
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text class="quiet" x="{LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:,.0f}</text>')
    for tick in _moments(end):
        parts.append(f'<line class="grid" x1="{_x(tick, end):.1f}" x2="{_x(tick, end):.1f}" y1="{top}" y2="{bottom}"/>')
    for at, _ in marks:
        parts.append(f'<line class="mark" x1="{_x(at, end):.1f}" x2="{_x(at, end):.1f}" y1="{top}" y2="{bottom}"/>')

    def steps(of: Sequence[Point]) -> str:
        """A value holds until the next one."""
        path = f"M{_x(of[0][0], end):.1f},{y(of[0][1]):.1f}"
        for at, value in of[1:]:
            path += f"H{_x(at, end):.1f}V{y(value):.1f}"
        return f"{path}H{_x(end, end):.1f}"

    for number, curve in enumerate(curves):
        left = LEFT + number * LEGEND
        parts += [
            f'<g class="{curve.name}">',
            f'<rect class="swatch" x="{left}" y="{top - 25}" width="12" height="12" rx="3"/>',
            f'<text class="name" x="{left + 19}" y="{top - 14}">{escape(curve.label)}</text>',
        ]
        if curve.points:
            path = steps(curve.points)
            parts.append(f'<path class="area" d="{path}V{bottom}H{_x(curve.points[0][0], end):.1f}Z"/>')
            parts.append(f'<path class="line" d="{path}"/>')
        parts.append("</g>")
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>')
    if limits:
        parts.append(f'<path class="limit" d="{steps(limits)}"/>')
        said, room = (f"limit {limit}", 62) if isinstance(limit, int) else ("the target takes", 108)
        parts.append(f'<text class="limit-text" x="{WIDTH - RIGHT}" y="{top - 14}" text-anchor="end">{said}</text>')
        swatch = WIDTH - RIGHT - room
        parts.append(f'<line class="limit" x1="{swatch - 30}" x2="{swatch}" y1="{top - 18}" y2="{top - 18}"/>')
    return parts


def _x(at: float, end: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * at / end


def _ticks(most: float, count: int) -> list[float]:
    """0 and up to `count` round numbers above it, the last one at most `most`."""
    rough = most / count
    magnitude = 10 ** math.floor(math.log10(rough)) if rough > 0 else 1
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough)
    step = max(1.0, step)
    return [number * step for number in range(int(most / step) + 1)]


def _moments(end: float) -> list[float]:
    """0 and up to ten round times above it."""
    steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]
    step = next((step for step in steps if end / step <= 10), 7200)
    return [float(number * step) for number in range(int(end / step) + 1)]


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
