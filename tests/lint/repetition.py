"""Sentences and rows of tables that two documents have in the same words: one of the two is to link to the other."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

import prose
import sentences

# Fewer words say too little to be a fact of their own.
SENTENCE_WORDS = 12
ROW_WORDS = 8
# Written from the code, perhaps into several documents.
_WRITTEN = re.compile(r"<!-- begin.*?<!-- end[^\n]*|<!-- written by .*", re.DOTALL | re.IGNORECASE)
_ADDRESS = re.compile(r"\]\([^)]*\)")
_MARKS = re.compile(r"^\d+\. |[*\[\]|]")


def _said(text: str) -> Iterator[tuple[int, str, int]]:
    """Sentences and rows, each with the number of its first line and with the least words that count."""
    text = _WRITTEN.sub(lambda found: "\n" * found[0].count("\n"), prose.without_fences(text))
    for number, paragraph in sentences.paragraphs(text):
        yield from ((number, sentence, SENTENCE_WORDS) for sentence in sentences.split(paragraph))
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("|"):
            yield number, line, ROW_WORDS


def _words(said: str) -> str:
    """The words alone: marks, spaces and the addresses of links can differ."""
    return " ".join(word for word in _MARKS.sub(" ", _ADDRESS.sub("]", said)).split() if re.search(r"\w", word))


def twice(documents: Mapping[str, str]) -> dict[str, list[str]]:
    """Documents and lines of each repeated text, by its words."""
    places: dict[str, dict[str, int]] = defaultdict(dict)
    for name, text in documents.items():
        for number, said, least in _said(text):
            words = _words(said)
            if len(words.split()) >= least:
                places[words].setdefault(name, number)
    return {words: [f"{name}:{line}" for name, line in at.items()] for words, at in places.items() if len(at) > 1}
