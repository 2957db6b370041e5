"""Words in the place of a text that is still to be written."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

_NEVER = re.compile(r"\b(?:TODO|FIXME|TBD|TBC|XXX+|WIP|CHANGEME|PLACEHOLDER)\b|\?\?\?|\blorem ipsum\b", re.IGNORECASE)
_NEVER_AS_WORDS = frozenset({"todo", "placeholder", "wip"})
_WORD = re.compile(r"(?<![\w.-])[A-Za-z]+(?![\w-])")
_ALONE = re.compile(r"(?:^|\|)[ \t*]*([A-Z][A-Z_]+)[ \t*]*(?=\||$)", re.MULTILINE)
# Words of others, and addresses.
_QUOTED = re.compile(r'"[^"\n]*"|\]\([^)]*\)|<?https?://[^\s>]*>?')


def unwritten(prose: str) -> Iterator[tuple[int, str]]:
    """Line and word of each text that says by itself that something is missing."""
    for found in _NEVER.finditer(prose):
        if found.group() not in _NEVER_AS_WORDS:
            yield _line(prose, found.start()), found.group()


def in_capitals(documents: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
    """Document, line and word of each word in capitals that is no abbreviation.

    An abbreviation is one everywhere: a word that is written small more often is a word. One that is all of a line or of a
    table's cell, and that no other document has, is none either. A value that is spelled so is code, and marked as such.
    """
    texts = {name: _QUOTED.sub(lambda found: " " * len(found.group()), text) for name, text in documents.items()}
    words = Counter(word for text in texts.values() for word in _WORD.findall(text))
    small = Counter({word.upper(): count for word, count in words.items() if word.islower()})
    for name, text in texts.items():
        elsewhere = {word for other, its in texts.items() if other != name for word in _WORD.findall(its)}
        found = {match.start(1): match[1] for match in _ALONE.finditer(text) if match[1] not in elsewhere}
        for match in _WORD.finditer(text):
            word = match.group()
            if len(word) > 2 and word.isupper() and small[word] > words[word]:
                found[match.start()] = word
        for start, word in sorted(found.items()):
            yield name, _line(text, start), word


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
