"""Terraform's messages of refusals: of validations, preconditions, postconditions and checks."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import sentences
import wording

_MESSAGE = re.compile(r"^ *error_message *= *", re.MULTILINE)
_HEREDOC = re.compile(r"<<-?(?P<end>\w+)\n(?P<text>.*?)^ *(?P=end)$", re.DOTALL | re.MULTILINE)
# The given value as a plain word: a flag, or nothing at all.
_PLAIN = re.compile(r'[\w.]+ = (?:true|false|null|\d+|"[\w-]+")|\b(?:is|are) empty\b')
# A sentence or a clause that opens with a standard verb, of a message or of a text that is inserted.
_REMEDY = re.compile(
    r"(?:^|[.:;,(\"] ?\s*|\b(?:or|and|uploads) )"
    r"(?:add|build|call|change|choose|configure|end|give|leave|let|make|merge|move|name|pause|put|raise|"
    r"run|send|set|shorten|spread|start|take|use|write)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Refusal(NamedTuple):
    """A message: its words with `-` for each insertion, and the text of its insertions."""

    line: int
    words: str
    inserted: tuple[str, ...]


def _insertion(text: str, at: int) -> int:
    """The end of an insertion, whose code can have texts with insertions of their own."""
    depth = 0
    while text[at] != "}" or depth:
        if text[at] == '"':
            at = _read(text, at + 1, '"')[2]
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return at


def _read(text: str, at: int, end: str) -> tuple[str, tuple[str, ...], int]:
    """The words of a template and its insertions, and the place of its end."""
    words, inserted = "", []
    while at < len(text) and not (end and text.startswith(end, at)):
        if text.startswith("${", at) and text[at - 1] != "$":
            close = _insertion(text, at + 2)
            inserted.append(text[at + 2 : close])
            words, at = f"{words}`-`", close + 1
        elif text[at] == "\\" and end:
            words, at = words + text[at + 1].replace("n", "\n"), at + 2
        else:
            words, at = words + text[at], at + 1
    return words, tuple(inserted), at


def refusals(text: str) -> Iterator[Refusal]:
    """The messages of a file of Terraform. One that is no text is an insertion as a whole."""
    for found in _MESSAGE.finditer(text):
        line = text.count("\n", 0, found.end()) + 1
        heredoc = _HEREDOC.match(text, found.end())
        if heredoc:
            yield Refusal(line, *_read(heredoc["text"], 0, "")[:2])
        elif text[found.end()] == '"':
            yield Refusal(line, *_read(text, found.end() + 1, '"')[:2])
        else:
            yield Refusal(line, "`-`", (text[found.end() : text.index("\n", found.end())],))


def _has_remedy(inserted: str) -> bool:
    """Only texts of an insertion are read: its code has names that look like verbs, such as `var.name`."""
    return bool(re.search(r"\w_remedy\b", inserted)) or any(map(_REMEDY.search, _QUOTED.findall(inserted)))


def faults(refusal: Refusal) -> Iterator[str]:
    """The rules that a message breaks."""
    if not refusal.inserted and not _PLAIN.search(refusal.words):
        yield "it does not name the given value"
    if not _REMEDY.search(refusal.words) and not any(map(_has_remedy, refusal.inserted)):
        yield "it has no remedy"
    for line in refusal.words.splitlines():
        yield from (f"too long: {said}" for _, said in sentences.too_long(line))
    yield from (said for _, said in wording.stops(refusal.words, permissions=True))
