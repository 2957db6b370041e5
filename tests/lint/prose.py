"""The texts that people read: Markdown without code, and comments. All else is blank, so that lines keep their numbers."""

import ast
import functools
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import PurePath

_FENCE = re.compile(r"^(?P<fence> *(?:```+|~~~+))(?P<language>[^\n`]*)\n.*?(?:^(?P=fence)[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
# The text before a comment is skipped, so that no text is taken for one.
_RUST = re.compile(
    r"""(?P<text>\bb?r(?P<hashes>\#*)".*?"(?P=hashes) | "(?:\\.|[^"\\])*" | '(?:\\[^']+|[^'\\])') | //[^\n]* | /\*.*?\*/""",
    re.DOTALL | re.VERBOSE,
)
# The tests of a file are its end.
_TESTS = "#[cfg(test)]"
_SCRIPT = re.compile(r"(?P<text>//\S) | //[^\n]* | /\*.*?\*/", re.DOTALL | re.VERBOSE)
_HASH = re.compile(r"(?:^|(?<=\s))\#[^\n]*", re.MULTILINE)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def without_fences(text: str, but: frozenset[str] = frozenset()) -> str:
    """Markdown without its blocks of code, but those of these languages."""

    def rest(found: re.Match) -> str:
        return found.group() if found["language"].strip() in but else _blank(found.group())

    return _FENCE.sub(rest, text)


def without_code(text: str) -> str:
    return _CODE.sub(lambda found: _blank(found.group()), without_fences(text))


@functools.cache
def comments(name: str, text: str) -> str:
    """The comments of a file, by the language that its name tells; a script without one is the shell's."""
    suffix = PurePath(name).suffix
    if suffix == ".py":
        return _of_python(text)
    return _matches(text, {".rs": _RUST, ".js": _SCRIPT}.get(suffix, _HASH))


def _matches(text: str, pattern: re.Pattern) -> str:
    kept, end = [], 0
    for found in pattern.finditer(text):
        comment = found.group() if not found.groupdict().get("text") else _blank(found.group())
        kept += [_blank(text[end : found.start()]), comment]
        end = found.end()
    return "".join([*kept, _blank(text[end:])])


def _of_python(text: str) -> str:
    """Comments, and the docstrings of modules, classes and functions."""
    lines = [_blank(line) for line in text.splitlines()]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            line, column = token.start
            lines[line - 1] = " " * column + token.string
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            first = node.body[0]
            lines[first.lineno - 1 : first.end_lineno] = text.splitlines()[first.lineno - 1 : first.end_lineno]
    return "\n".join(lines)


def of(name: str, text: str, markdown: Callable[[str], str] = without_code) -> str:
    """The text of any file that people read."""
    return markdown(text) if name.endswith(".md") else comments(name, text)


def rust_texts(text: str) -> Iterator[tuple[int, str]]:
    """Texts in quotation marks, but those of the file's own tests, each with the number of its first line."""
    text = text.partition(_TESTS)[0]
    for found in _RUST.finditer(text):
        said = found["text"]
        if said and said.startswith('"'):
            yield text.count("\n", 0, found.start()) + 1, said[1:-1]
