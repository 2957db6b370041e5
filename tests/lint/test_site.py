"""The site is built from the documents, and refused if a link leads nowhere."""

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from pages import __main__ as pages
from pages import linked, lists
from program.paths import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "site"
    pages.build(out, "https://github.com/somebody/spillway")
    return out


def test_every_document_is_a_page(site: Path) -> None:
    documents = [name for name in pages.files() if name.endswith(".md")]
    assert len(documents) > 90
    assert len(list(site.rglob("index.html"))) == len(documents)


def test_it_has_a_search_and_both_schemes_and_asks_nobody_else(site: Path) -> None:
    found = {entry["title"] for entry in json.loads((site / "search/search_index.json").read_text())["docs"]}
    assert {"Getting started", "stands-still", "max_concurrency"} & found == {"Getting started", "stands-still"}
    text = (site / "index.html").read_text()
    assert 'data-md-color-scheme="slate"' in text
    assert 'data-md-color-scheme="default"' in text
    assert re.findall(r'(?:src|href)="(https?://(?!github\.com/somebody)[^"]+\.(?:js|css|woff2?))"', text) == []


def test_a_page_has_no_link_into_the_work_tree(site: Path) -> None:
    """A source file is in the repository; a document is a page."""
    text = (site / "docs/guide/costs/index.html").read_text()
    assert 'href="https://github.com/somebody/spillway/blob/main/scripts/plan/src/costs/prices.rs"' in text
    assert 'href="../../operate/backfill/#costs"' in text


def test_links_stay_or_lead_to_the_repository() -> None:
    text = "[a](../a.md#b) [c](../lib.rs) [d](../modules) [e](https://example.com) [f](#g)\n\n```sh\n[c](../lib.rs)\n```\n"
    assert linked.document(text, "docs/one.md", {"a.md", "modules/README.md"}, "https://x.org/y") == text.replace(
        "[c](../lib.rs) [d](../modules)", "[c](https://x.org/y/blob/main/lib.rs) [d](../modules/README.md)"
    )


def test_a_list_within_a_list_stays_within_it(site: Path) -> None:
    """Documents indent by two columns, and the site's Markdown wants four."""
    text = "1. One,\nstill one.\n   - Two:\n     more.\n\n   Of one.\n- Next\n\nText\n\n```sh\n  - no\n```\n"
    assert lists.indented(text) == text.replace("   - Two:\n     more.", "    - Two:\n        more.").replace("   Of", "    Of")
    inputs = (site / "docs/reference/inputs/index.html").read_text()
    assert re.search(r"<code>state_machine</code>[^<]*<ul>\s*<li><code>arn</code>", inputs)


def test_a_link_to_nowhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def copy(source: Path, repository: str) -> None:
        source.mkdir(parents=True)
        (source / "README.md").write_text(f"# One\n\n[a](nothing.md), {repository}\n")

    monkeypatch.setattr(pages, "copy", copy)
    with pytest.raises(pages.SiteError, match=r"nothing\.md"):
        pages.build(tmp_path / "site", "https://x.org/y")


def test_every_page_of_the_navigation_is_there_and_every_page_of_the_documents_is_in_it() -> None:
    shown = set(re.findall(r"^      - (?:[^:\n]+: )?(\S+\.md)$", pages.CONFIG.read_text(), re.MULTILINE))
    assert {name for name in shown if not (ROOT / name).is_file()} == set()
    written = {name for name in pages.files() if name.startswith("docs/") and name.endswith(".md")}
    assert {name for name in written - shown if not name.startswith("docs/design/decisions/")} == set()


def test_every_picture_has_a_title() -> None:
    """Which a screen reader says, and a browser shows."""
    pictures = [ROOT / name for name in pages.files() if name.endswith(".svg")]
    assert len(pictures) >= 5
    titles = {path.name: ElementTree.parse(path).findtext("{http://www.w3.org/2000/svg}title") for path in pictures}
    assert {name for name, title in titles.items() if not title} == set()


def test_every_decision_is_in_the_index() -> None:
    index = (ROOT / "docs/design/decisions/README.md").read_text()
    decisions = {path.name for path in (ROOT / "docs/design/decisions").glob("2*.md")}
    assert len(decisions) > 20
    assert set(re.findall(r"\]\((2[^)]+\.md)\)", index)) == decisions
