"""The pages of scripts/site, as a browser shows them: on a phone and on a desk, light and dark."""

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import browsers
import pytest
from pages import __main__ as pages

WIDTHS = {"phone": 390, "desk": 1440}

# Shows each page in a frame, and measures it.
_MEASURE = """
const light = (colour) => {
  const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((it) => {
    const part = it / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
// The colours that are drawn: a canvas knows every way to write one, and mixes.
const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1});
const pen = canvas.getContext('2d', {willReadFrequently: true});
const mixed = (colours) => {
  pen.clearRect(0, 0, 1, 1);
  for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
  return `rgb(${[...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).join(' ')})`;
};
const contrast = (one, other) => {
  const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
const measure = (page, view) => {
  const all = (selector) => [...page.querySelectorAll(selector)];
  const style = (element) => view.getComputedStyle(element);
  const grounds = (element) => {
    const found = [];
    for (let it = element; it; it = it.parentElement) found.unshift(style(it).backgroundColor);
    return ['rgb(255, 255, 255)', ...found];
  };
  const scrolls = (element) => {
    for (let it = element; it; it = it.parentElement) {
      if (['auto', 'scroll'].includes(style(it).overflowX)) return true;
    }
    return false;
  };
  const texts = all('.md-content p, .md-content li, .md-content td, .md-content th, .md-content h1, .md-content h2, .md-content a');
  const words = all('.md-content td code').filter((it) => /^[\\w.]+$/.test(it.textContent));
  return {
    width: page.documentElement.clientWidth,
    scrolls: page.documentElement.scrollWidth,
    scheme: page.body.dataset.mdColorScheme,
    contrast: Math.min(...texts.map((it) => {
      const ground = grounds(it);
      return contrast(mixed([...ground, style(it).color]), mixed(ground));
    })),
    broken: words.filter((it) => it.getClientRects().length > 1).map((it) => it.textContent),
    pictures: all('.md-content img').map((it) => [it.getBoundingClientRect().width, scrolls(it.parentElement)]),
    tabs: all('.md-tabs__link').filter((it) => it.getBoundingClientRect().width > 0).length,
  };
};
(async () => {
  const found = {};
  const frame = document.getElementById('page');
  for (const name of NAMES) {
    const loaded = new Promise((then) => frame.addEventListener('load', then, {once: true}));
    frame.src = '/' + name;
    await loaded;
    found[name] = measure(frame.contentDocument, frame.contentWindow);
  }
  const out = document.createElement('pre');
  out.id = 'measured';
  out.textContent = JSON.stringify(found);
  document.body.append(out);
})();
"""

pytestmark = pytest.mark.skipif(browsers.browser() is None, reason=browsers.REMEDY)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "site"
    pages.build(out, "https://github.com/somebody/spillway")
    return out


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_every_page_is_read_at_every_width_and_in_the_dark(
    site: Path, address: str, width: int, dark: bool, tmp_path: Path
) -> None:
    names = sorted(str(path.parent.relative_to(site)) + "/" for path in site.rglob("index.html"))
    around = site / f"around-{width}-{dark}.html"
    # A frame's page takes the colours of its element.
    style = f"border: 0; color-scheme: {'dark' if dark else 'light'}"
    around.write_text(
        f'<!doctype html><meta charset="utf-8"><iframe id="page" width="{width}" height="900" style="{style}"></iframe>'
        f"<script>const NAMES = {json.dumps(names)};{_MEASURE}</script>"
    )
    seen = browsers.measured(f"{address}/{around.name}", tmp_path / "profile", dark, milliseconds=120_000)
    assert len(seen) == len(names) > 90
    assert {name for name, page in seen.items() if page["scheme"] != ("slate" if dark else "default")} == set()
    assert {name for name, page in seen.items() if page["scrolls"] > page["width"]} == set(), "nothing sticks out at the side"
    # WCAG 2.2, 1.4.3.
    assert {name: page["contrast"] for name, page in seen.items() if page["contrast"] < 4.5} == {}
    assert {name: page["broken"] for name, page in seen.items() if page["broken"]} == {}, "a word in a table is broken"
    pictures = {name: page["pictures"] for name, page in seen.items() if page["pictures"]}
    assert len(pictures) >= 5
    # Below this the words of a picture are too small, and one that is wider scrolls.
    small = {
        name: all_ for name, all_ in pictures.items() if any(wide < 600 or (wide > width and not scrolls) for wide, scrolls in all_)
    }
    assert small == {}
    assert {page["tabs"] for page in seen.values()} == ({7} if width > 1200 else {0})
