"""Files and tests that documents and comments name."""

import dataclasses
import fnmatch
import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath

# Below the root's directories; of a list in braces each.
_PATH = re.compile(r"(?<![\w./{}$<-])(?:\.\.?/)*((?:tests|scripts|docs|terraform|handlers|\.ci|\.cargo)/[\w./*<>-]*[\w*])")
# A name of a source file as code, with or without directories, and perhaps one of its tests.
_NAMED = re.compile(r"`([\w./-]*\w\.(?:rs|py|js|tf|sh|md|toml|tftpl|mutation))(?!\w)(?:::\w+)?[^`\s]*`")
_TESTED = re.compile(r"([\w./-]*\w\.(?:rs|py))::(\w+)")
# The subjects of other projects' pages.
_ELSEWHERE = re.compile(r"\[[^\]]*\]\(https?://[^)]*\)|<?https?://[^\s>)]*>?")


@dataclasses.dataclass(frozen=True)
class Tree:
    """The tracked files, with their texts."""

    texts: Mapping[str, str]

    @functools.cached_property
    def below(self) -> set[str]:
        """Every file and directory, and each path that git ignores: a script writes it."""
        written = (line.strip("/") for line in self.texts.get(".gitignore", "").splitlines())
        return {*self.texts, *written, *(str(parent) for name in self.texts for parent in PurePath(name).parents)}

    def ending(self, name: str) -> list[str]:
        return [path for path in self.texts if path == name or path.endswith(f"/{name}")]

    def is_written(self, name: str) -> bool:
        """Whether a program of ours has the name as a text: it writes or reads a file that is not tracked."""
        return any(f'"{name}"' in text for path, text in self.texts.items() if path.endswith((".py", ".rs", ".sh")))


def dead(tree: Tree, citing: str, prose: str) -> Iterator[tuple[int, str]]:
    """Line and name of each cited file that is not there, and of each test that its file does not have."""
    text = _ELSEWHERE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), prose)
    cited: dict[int, str] = {}
    for found in _PATH.finditer(text):
        if not _is_there(tree.below, citing, found[1]):
            cited[found.start(1)] = found[1]
    for found in _NAMED.finditer(text):
        name = re.sub(r"^(?:\.\.?/)+", "", found[1])
        if not tree.ending(name) and not tree.is_written(PurePath(name).name):
            cited[found.start(1)] = name
    for found in _TESTED.finditer(text):
        homes = tree.ending(found[1])
        if homes and not any(re.search(rf"\b(?:fn|def) {found[2]}\b", tree.texts[home]) for home in homes):
            cited[found.start(2)] = found.group()
    for start, name in sorted(cited.items()):
        yield text.count("\n", 0, start) + 1, name


def _is_there(below: set[str], citing: str, path: str) -> bool:
    """As seen from the root, or from a directory in which the citing file lies."""
    homes = [path, *(str(parent / path) for parent in PurePath(citing).parents)]
    if "*" in path or "<" in path:
        pattern = re.sub(r"<[^>]*>", "*", path)
        return any(fnmatch.fnmatchcase(known, pattern) for known in below)
    return any(home in below for home in homes)
