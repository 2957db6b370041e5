"""Deliberate breakages of the handlers: tests/mutations/*.mutation, each a text that is replaced by another."""

import dataclasses
import re
from pathlib import Path

from pipeline.paths import ROOT

DIRECTORY = ROOT / "tests/mutations"
_EDIT = re.compile(r"^--- (?P<file>\S+)\n<<<<\n(?P<before>.*?)\n====\n(?P<after>.*?)\n?>>>>$", re.MULTILINE | re.DOTALL)


class MutationError(Exception):
    """A mutation cannot be read, or no longer fits the code."""


@dataclasses.dataclass(frozen=True)
class Edit:
    file: Path
    before: str
    after: str


@dataclasses.dataclass(frozen=True)
class Mutation:
    name: str
    says: str
    # Arguments of cargo test, if it is a test and not the seeds that notices.
    test: tuple[str, ...]
    edits: tuple[Edit, ...]

    def applied(self, root: Path) -> dict[Path, str]:
        """The broken text of each file that it changes."""
        texts: dict[Path, str] = {}
        for edit in self.edits:
            text = texts.get(edit.file) or (root / edit.file).read_text()
            if text.count(edit.before) != 1:
                found = text.count(edit.before)
                raise MutationError(f"{self.name}: {edit.file} has its text {found} times: put the mutation right\n{edit.before}")
            texts[edit.file] = text.replace(edit.before, edit.after)
        return texts


def read(directory: Path = DIRECTORY) -> list[Mutation]:
    """All mutations, by name."""
    mutations = [_read(path) for path in sorted(directory.glob("*.mutation"))]
    if not mutations:
        raise MutationError(f"there are no mutations in {directory}")
    return mutations


def _read(path: Path) -> Mutation:
    text = path.read_text()
    title = re.match(r"# (.+)\n", text)
    edits = tuple(Edit(Path(edit["file"]), edit["before"], edit["after"]) for edit in _EDIT.finditer(text))
    if title is None or not edits or len(edits) != text.count("\n--- "):
        raise MutationError(f"{path.name} is not a title and edits")
    test = re.search(r"^# test: (.+)$", text, re.MULTILINE)
    return Mutation(path.stem, title[1], tuple(test[1].split()) if test else (), edits)
