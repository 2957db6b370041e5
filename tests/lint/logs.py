"""Log lines of the handlers: each is a sentence, and asks nothing of its reader."""

import re
from collections.abc import Iterator

_FEWEST_WORDS = 4
_LINE = re.compile(r"\b(?:error|warn|info|debug)!\(")
_TEXT = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_INSERTION = re.compile(r"\{[^{}]*\}")


def lines(text: str) -> Iterator[tuple[int, str]]:
    """The text of each log line, which comes last in its macro, with the number of its first line."""
    for found in _LINE.finditer(text):
        at, open_, said = found.end(), 1, ""
        while open_:
            if quoted := _TEXT.match(text, at):
                at, said = quoted.end(), quoted[1]
                continue
            open_ += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        yield text.count("\n", 0, found.start()) + 1, re.sub(r"\\\n\s*", "", said)


def faults(name: str, text: str) -> Iterator[str]:
    """Lines that are no sentence, or a question. An insertion alone is the text of an error."""
    for number, said in lines(text):
        if len(_INSERTION.sub("it", said).split()) < _FEWEST_WORDS and not _INSERTION.fullmatch(said):
            yield f"{name}:{number}: no sentence: {said}"
        if said.endswith("?"):
            yield f"{name}:{number}: a question: {said}"
