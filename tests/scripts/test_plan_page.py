"""The page of `spillway plan --html`, as a browser shows it: on a phone and on a desk, light and dark."""

import html
import subprocess
from pathlib import Path

import browsers
import pytest
from build import operators

WIDTHS = {"phone": 360, "desk": 1280}

# Measures the page in its frame. The elements that a keyboard reaches are found by giving each the focus.
_MEASURE = """
const page = document.getElementById('page').contentDocument;
const all = (selector) => [...page.querySelectorAll(selector)];
const light = (colour) => {
  const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((it) => {
    const part = it / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one, other) => {
  const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
const style = (element) => page.defaultView.getComputedStyle(element);
const ground = (element) => {
  for (let it = element; it; it = it.parentElement) {
    const colour = style(it).backgroundColor;
    if (colour !== 'rgba(0, 0, 0, 0)') return colour;
  }
  return 'rgb(255, 255, 255)';
};
const texts = all('h1, h2, p, th, td, figcaption, summary, li, caption');
all('details').forEach((it) => { it.open = true; });
const measured = {
  width: page.documentElement.clientWidth,
  scrolls: page.documentElement.scrollWidth,
  background: style(page.body).backgroundColor,
  contrast: Math.min(...texts.map((it) => contrast(style(it).color, ground(it)))),
  smallest: Math.min(...texts.map((it) => parseFloat(style(it).fontSize))),
  pictures: all('svg').map((it) => [it.getBoundingClientRect().width, it.getBoundingClientRect().height]),
  names: all('svg').map((it) => it.getAttribute('aria-label')),
  rows: all('figure').map((it) => it.querySelectorAll('tbody tr').length),
  reached: all('a, summary, [tabindex]').filter((it) => { it.focus(); return page.activeElement === it; }).length,
  reachable: all('a, summary, [tabindex]').length,
  targets: all('a[href^="#"]').map((it) => page.querySelector(it.getAttribute('href')) !== null),
};
const out = document.createElement('pre');
out.id = 'measured';
out.textContent = JSON.stringify(measured);
document.body.append(out);
"""


pytestmark = pytest.mark.skipif(browsers.browser() is None, reason=browsers.REMEDY)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    arguments = "plan --burst 2000,every=20m --for 3h --takes 5s..60s --fails UnknownDevice=2%,always --pace max_concurrency=40"
    command = [str(operators.program()), *arguments.split(), "--html", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return path


def measured(page: Path, width: int, dark: bool) -> dict:
    """A browser's measures of the page in a frame of this width."""
    frame = html.escape(page.read_text())
    around = page.with_name(f"around-{width}-{dark}.html")
    # A frame's page takes the colours of its element.
    style = f"border: 0; color-scheme: {'dark' if dark else 'light'}"
    around.write_text(
        f'<!doctype html><meta charset="utf-8"><iframe id="page" width="{width}" height="900" style="{style}"'
        f' srcdoc="{frame}"></iframe>'
        f'<script>document.getElementById("page").addEventListener("load", () => {{{_MEASURE}}});</script>'
    )
    return browsers.measured(around.as_uri(), page.with_name(f"profile-{width}-{dark}"), dark)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_it_is_read_at_every_width_and_in_the_dark(page: Path, width: int, dark: bool) -> None:
    seen = measured(page, width, dark)
    assert seen["width"] <= width
    assert seen["scrolls"] <= seen["width"], "nothing sticks out at the side"
    assert seen["background"] == ("rgb(15, 23, 42)" if dark else "rgb(255, 255, 255)")
    # WCAG 2.2, 1.4.3.
    assert seen["contrast"] >= 4.5
    assert seen["smallest"] >= 13
    # Waiting, running, starts, and the reasons that held events up: each as wide as there is room, with its name and its table.
    assert len(seen["pictures"]) == 4
    assert all(across > 0.75 * width or across > 800 for across, _ in seen["pictures"]), seen["pictures"]
    assert all(high > 20 for _, high in seen["pictures"]), seen["pictures"]
    assert all(len(name) > 10 for name in seen["names"])
    assert all(rows > 0 for rows in seen["rows"])


def test_a_keyboard_reaches_all_that_opens_or_scrolls(page: Path) -> None:
    seen = measured(page, WIDTHS["phone"], dark=False)
    assert seen["reachable"] > 8
    assert seen["reached"] == seen["reachable"]
    assert seen["targets"] == [True]
