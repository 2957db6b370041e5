"""Sentences of Markdown, however its lines are wrapped: textlint's rule ends a sentence with its line."""

import re
from collections.abc import Iterator

import prose

MOST_WORDS = 25
_GENERATED = re.compile(r"<!-- BEGIN.*?<!-- END[^\n]*", re.DOTALL)
_ADDRESS = re.compile(r"\]\([^)]*\)")
_CODE = re.compile(r"`[^`]*`")
_END = re.compile(r"(?<=[.!?])[\"')*]*\s+(?=[A-Z0-9`\[*\"(])|(?<=[.!?][\"')*])\s+")
_BEGINS = re.compile(r"([-*]|\d+\.) ")


def paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Paragraphs and items of lists, each with the number of its first line. Tables and headings are none."""
    first, lines = 0, []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        stripped = line.strip()
        apart = not stripped or stripped.startswith(("|", "#"))
        if lines and (apart or _BEGINS.match(stripped)):
            yield first, " ".join(lines)
            lines = []
        if not apart:
            first = first if lines else number
            lines.append(stripped)


def split(paragraph: str) -> list[str]:
    return _END.split(paragraph)


def too_long(text: str) -> Iterator[tuple[int, str]]:
    """Sentences of more words than a reader holds. Code and addresses are no words."""
    text = _GENERATED.sub(lambda found: "\n" * found[0].count("\n"), prose.without_fences(text))
    for first, paragraph in paragraphs(text):
        for sentence in split(_CODE.sub("`-`", _ADDRESS.sub("]", paragraph))):
            words = [word for word in sentence.split() if re.search(r"\w", word)]
            if len(words) > MOST_WORDS:
                yield first, " ".join(words)
