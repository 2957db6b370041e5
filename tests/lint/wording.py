"""The words of comments and of Terraform's descriptions: relative clauses without a noun, `may` for `can`, long sentences."""

import re
from collections.abc import Iterator
from itertools import groupby

import prose
import sentences

_MARKER = re.compile(r'(?P<indent>\s*)(?P<kind>///|//!|//|#+!?|/\*+|"""|)\s?(?P<text>.*?)(?:\*/|""")?\s*$')
_CODE = re.compile(r"(?<!`)`[^`\n]+`(?!`)|<https?://[^>]*>|https?://[^\s)>]+")
_SAID = re.compile(r'^\s*(?:description|error_message)\s*=\s*"(?P<text>.*)"$', re.MULTILINE)
_INSERTION = re.compile(r"\{[^{}\s]*\}")
_INSERTED = re.compile(r"\$\{(?:[^{}]|\{[^{}]*\})*\}")

# A relative clause has its noun: "the event that waits", "the person who applies", "the place where".
_FREE = re.compile(r"(?P<before>[\w'-]*)\W*\b(?P<word>what(?:ever)?|who(?:ever)?|whichever|where(?:ver)?)\b", re.IGNORECASE)
_NOUNS = {
    "who": {"people", "person", "one", "operator", "owner", "reader", "root", "somebody", "user"},
    "where": {"place", "places"},
}
# `may` is a permission. Only the roles and services of Terraform have one.
_MAY = re.compile(r"\b[Mm]ay\b")
_MAY_FOR_CAN = re.compile(
    r"\b[Mm]ay (be|have|come|fail|run|need|last|lack|still|miss|happen|ever|answer|get|pass|already|look|lie)\b"
)
_OPENS_WITH_A_VERB = re.compile(r"[A-Z][a-z]+s\b")
_DOCUMENTED = re.compile(
    r"(?P<doc>(?:^ *///[^\n]*\n)+)(?:^ *#\[[^\n]*\n)*^ *pub(?:\([\w: ]+\))? (?:const |async |unsafe )*fn (?P<name>\w+)",
    re.MULTILINE,
)


# A line of nothing but a comment, which no formatter wraps.
_COMMENT_LINE = re.compile(r"\s*//")


def wide(name: str, text: str) -> Iterator[str]:
    """Lines of comments that are too wide. An address cannot be wrapped."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > 100 and _COMMENT_LINE.match(line) and "://" not in line:
            yield f"{name}:{number}: wider than 100"


def comments(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Comments without their markers, as Markdown, each with the number of its first line."""
    found = [_MARKER.match(line) for line in prose.comments(name, text).splitlines()]
    lines = [(number, line) for number, line in enumerate(found, 1) if line and line[0].strip() and line["kind"] != "#!"]
    # Of a mutation the first line alone is a sentence.
    lines = lines[:1] if name.endswith(".mutation") else lines
    # A docstring's lines have no marker but the first and the last, and can differ in indentation.
    kinds = [(line["kind"], line["indent"]) if line["kind"] not in ("", '"""') else ("", "") for _, line in lines]
    together = groupby(range(len(lines)), lambda index: (lines[index][0] - index, kinds[index]))
    for block in ([lines[index] for index in indexes] for _, indexes in together):
        yield block[0][0], "\n".join(_CODE.sub("`-`", line["text"]) for _, line in block)


def descriptions(text: str) -> Iterator[tuple[int, str]]:
    """Descriptions of variables and outputs, and messages of refusals, each with the number of its line."""
    for found in _SAID.finditer(text):
        yield text.count("\n", 0, found.start("text")) + 1, _CODE.sub("`-`", _INSERTED.sub("`-`", found["text"]))


def messages(text: str) -> Iterator[tuple[int, str]]:
    """Messages of Rust, of three words and more, each with the number of its first line. Insertions are no words."""
    for number, said in prose.rust_texts(text):
        said = _INSERTION.sub("`-`", re.sub(r"\\\n\s*", "", said)).replace("\\n", "\n").replace('\\"', '"')
        # A query has its own words.
        if len(said.split()) > 2 and not said.startswith("WHERE "):
            yield number, _CODE.sub("`-`", said)


def stops(text: str, permissions: bool) -> Iterator[tuple[int, str]]:
    """Words that stop a reader, each with the number of its line from 0. `permissions`: `may` can be one."""
    for number, line in enumerate(prose.without_fences(text).splitlines()):
        for found in _FREE.finditer(line):
            if found["before"].lower() not in _NOUNS.get(found["word"].lower(), ()):
                yield number, f"{found['word']}: name the noun"
        if (_MAY_FOR_CAN if permissions else _MAY).search(line):
            yield number, "may: can, unless it is a permission"


def found(name: str, text: str) -> Iterator[str]:
    """Faults of a file, by line."""
    read = list(comments(name, text))
    if name.endswith((".tf", ".hcl")) and ".tftest." not in name:
        read += descriptions(text)
    for first, part in read:
        yield from (f"{name}:{first + number}: {said}" for number, said in stops(part, name.startswith("terraform/")))
    if has_messages(name):
        for first, part in messages(text):
            yield from (f"{name}:{first}: {said}" for _, said in stops(part, permissions=True))


def has_messages(name: str) -> bool:
    """Whether its texts are read by people: those of tests are not."""
    return name.endswith(".rs") and name.startswith(("handlers/", "scripts/")) and not re.search(r"\btests(?:/|\.rs)", name)


def long(name: str, text: str) -> Iterator[str]:
    for first, part in comments(name, text):
        yield from (f"{name}:{first + number - 1}: {said}" for number, said in sentences.too_long(part))
    if has_messages(name):
        for first, part in messages(text):
            for line in part.splitlines():
                yield from (f"{name}:{first}: {said}" for _, said in sentences.too_long(line))


def without_a_verb(name: str, text: str) -> Iterator[str]:
    """Public functions of Rust whose documentation does not open with a verb in the third person."""
    for function in _DOCUMENTED.finditer(text):
        first = function["doc"].lstrip().removeprefix("///").lstrip()
        if not _OPENS_WITH_A_VERB.match(first):
            yield f"{name}:{text.count(chr(10), 0, function.start()) + 1}: {function['name']}: {first.splitlines()[0]}"
