"""README.ko.md says the same as README.md: the same blocks, headings, tables and links, in the same order."""

import re
from collections.abc import Callable

import pytest
import tree

pytestmark = pytest.mark.quick

ENGLISH, KOREAN = "README.md", "README.ko.md"
_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def outline(text: str) -> list[tuple[str, object]]:
    """The parts that no translation changes: of headings their level, of tables their columns, of lists their number."""
    found: list[tuple[str, object]] = []
    for part in re.split(rf"({_BLOCK.pattern})", text, flags=re.MULTILINE | re.DOTALL):
        if part.startswith("```"):
            found.append(("block", part))
            continue
        for line in part.splitlines():
            if heading := re.match(r"#+ ", line):
                found.append(("heading", heading[0]))
            elif line.startswith("|"):
                found.append(("row", line.count("|")))
            elif line.startswith("- "):
                found.append(("item", ""))
    return found


def numbers(text: str) -> list[str]:
    """Prices, versions and codes. Their order is the sentence's."""
    return sorted(re.findall(r"\$?\d+(?:[.,]\d+)+", _BLOCK.sub("", text)) + re.findall(r"`[^`\n]+`", _BLOCK.sub("", text)))


def links(text: str) -> list[str]:
    return sorted(re.findall(r"\]\(([^)]+)\)", _BLOCK.sub("", text)))


@pytest.mark.parametrize("part", [outline, numbers, links])
def test_both_have_the_same(part: Callable[[str], list]) -> None:
    texts = tree.texts()
    assert part(texts[KOREAN]) == part(texts[ENGLISH])


def test_a_change_of_one_alone_is_found() -> None:
    text = "# A\n\nIt costs $1.50: [b](c.md).\n\n```sh\nls\n```\n"
    for changed in ("# A\n\n## B\n", "```sh\nls -l\n```\n"):
        assert outline(text) != outline(text.replace("```sh\nls\n```\n", "") + changed)
    assert numbers(text) != numbers(text.replace("1.50", "1.60"))
    assert links(text) != links(text.replace("c.md", "d.md"))


@pytest.mark.parametrize("name", [ENGLISH, KOREAN])
def test_a_reader_scrolls_three_screens_at_most(name: str) -> None:
    """As GitHub shows it at 1440 x 900, 109 lines with two pictures were 2,958 px. Details belong to docs/."""
    assert len(tree.texts()[name].splitlines()) <= 116
