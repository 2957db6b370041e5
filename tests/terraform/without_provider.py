"""The composition without what the provider makes: its variables and the locals that their rules read.

Terraform looks at the rules of a variable before all that reads the variable, so a variable is refused here exactly if it is
refused there; and here it takes a hundredth of a second.
"""

import re
import shutil
from pathlib import Path

from pipeline.paths import ROOT
from pipeline.terraform import Terraform
from terraform_runs import FILES, Result, Run, terraform_test

COMPOSITION = ROOT / "terraform"

_BLOCK = re.compile(r"^(\w+)[^\n]* {\n(.*?)^}\n", re.MULTILINE | re.DOTALL)
_LOCAL = re.compile(r"^  (\w+) += .*?(?=^  (?:\w+ += |#)|^}|\Z)", re.MULTILINE | re.DOTALL)


def results(directory: Path, runs: list[Run]) -> dict[str, Result]:
    """By run. Each has a file of its own: Terraform leaves out what follows an error."""
    write(directory)
    (directory / "tests").mkdir()
    files = {str(run): f"{run}.tftest.hcl" for run in runs}
    for run in runs:
        (directory / "tests" / files[str(run)]).write_text(_head(run.file) + run.text)
    found = terraform_test(Terraform(directory), list(files.values()))
    return {str(run): found[files[str(run)], run.name] for run in runs}


def _head(file: str) -> str:
    """The variables that its runs share, and no mocked provider."""
    head = FILES[file][: FILES[file].index('\nrun "') + 1]
    return _BLOCK.sub(lambda block: "" if block[1] == "mock_provider" else block.group(), head)


def write(directory: Path) -> None:
    """Every line is where it was, or empty."""
    sources = {path.name: path.read_text() for path in sorted(COMPOSITION.glob("*.tf"))}
    needed = _needed("".join(sources.values()))
    for name, text in sources.items():
        (directory / name).write_text(_BLOCK.sub(lambda block: _kept(block, needed), text))
    for path in COMPOSITION.glob("*.json"):
        shutil.copy(path, directory)


def _needed(text: str) -> set[str]:
    """The locals that variables read, and those that these read."""
    blocks = list(_BLOCK.finditer(text))
    definitions = {entry[1]: entry.group() for block in blocks if block[1] == "locals" for entry in _LOCAL.finditer(block[2])}
    needed: set[str] = set()
    found = _read_by("".join(block.group() for block in blocks if block[1] == "variable"))
    while found:
        needed |= found
        found = set().union(*(_read_by(definitions[name]) for name in found)) - needed
    return needed


def _read_by(text: str) -> set[str]:
    return set(re.findall(r"\blocal\.(\w+)", text))


def _kept(block: re.Match, needed: set[str]) -> str:
    if block[1] == "variable":
        return block.group()
    if block[1] == "locals":
        return _LOCAL.sub(lambda entry: entry.group() if entry[1] in needed else _empty(entry.group()), block.group())
    return _empty(block.group())


def _empty(text: str) -> str:
    return "\n" * text.count("\n")
