"""Pictures: bars, as SVG written by hand."""

from pathlib import Path
from xml.sax.saxutils import escape

from bench import cases, growth, peers, per_event, sizes, start_up, timings
from bench.cases import Runs

WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 720, 210, 90, 22, 10, 48
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:15px;font-weight:600}.bar{fill:#2a78b5}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.bar{fill:#5aa5dd}}"
)

Bars = list[tuple[str, float]]


def bars(title: str, values: Bars, digits: int = 0) -> str:
    """Horizontal bars from 0, each with its label and its value."""
    most = max((value for _, value in values), default=0) or 1
    height = TOP + len(values) * (BAR + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        f'<style>{STYLE}</style><text class="title" x="8" y="24">{escape(title)}</text>',
    ]
    for place, (label, value) in enumerate(values):
        y = TOP + place * (BAR + GAP)
        length = (WIDTH - LEFT - RIGHT) * value / most
        parts.append(f'<text x="{LEFT - 8}" y="{y + 16}" text-anchor="end">{escape(label)}</text>')
        parts.append(f'<rect class="bar" x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}"/>')
        parts.append(f'<text x="{LEFT + length + 6:.1f}" y="{y + 16}">{value:,.{digits}f}</text>')
    return "\n".join([*parts, "</svg>", ""])


def draw(runs: Runs, directory: Path) -> list[Path]:
    """One picture for each part that was measured."""
    drawn = []
    for name, title, values, digits in _pictures(runs):
        known = [(label, value) for label, value in values if value is not None]
        if known:
            path = directory / f"{name}.svg"
            path.write_text(bars(title, known, digits))
            drawn.append(path)
    return drawn


def _pictures(runs: Runs):
    tls = per_event.setting(10, tls=True)
    yield "start-up", "Start-up: CPU milliseconds (p50)", _medians(runs, start_up.PART, start_up.SETTING, cases.start_up_cpu_ms), 1
    yield "per-event", f"CPU microseconds per event ({tls})", _medians(runs, per_event.PART, tls, cases.cpu_us), 0
    yield "peers", f"The same work: CPU microseconds per event ({tls})", _medians(runs, peers.PART, tls, cases.cpu_us), 0
    free = [(megabytes, runs.find(sizes.PART, "dispatch", sizes.setting(megabytes, sizes.FREE))) for megabytes in sizes.SIZES_MB]
    rates = [(f"{megabytes:,} MB", runs.median(case, cases.per_second)) for megabytes, case in free]
    yield "sizes", "dispatch: starts per second by Lambda size (10 ms, TLS)", rates, 0
    ticks = [(slots, runs.find(growth.PART, "dispatch", growth.setting(slots))) for slots in growth.SLOTS]
    units = [(f"{slots:,} running", runs.median(case, growth.tick_read_units)) for slots, case in ticks]
    yield "recovery", "Recovery: seconds by the call at which a handler dies", timings.recoveries(runs), 0
    yield "growth", "dispatch: read units of a tick by running executions", units, 1


def _medians(runs: Runs, part: str, setting: str, figure: cases.Figure) -> list[tuple[str, float | None]]:
    return [(case.program, runs.median(case, figure)) for case in runs.of if (case.part, case.setting) == (part, setting)]
