"""The runs of terraform/tests and of modules/input/tests, and Terraform's words about each."""

import dataclasses
import json
import re
from pathlib import Path

from program.paths import ROOT
from tools.terraform import Terraform, TerraformError

COMPOSITION = ROOT / "terraform"
DIRECTORY = COMPOSITION / "tests"
INPUT = COMPOSITION / "modules/input"


@dataclasses.dataclass(frozen=True)
class Run:
    # The file's name.
    file: str
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.file.removesuffix('.tftest.hcl')}-{self.name}"


@dataclasses.dataclass(frozen=True)
class Result:
    status: str
    errors: list[str]


def _files(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(directory.glob("*.tftest.hcl"))}


def _runs(files: dict[str, str]) -> list[Run]:
    return [
        Run(name, found[1], found.group())
        for name, text in files.items()
        for found in re.finditer(r'^run "(\w+)" {\n.*?^}\n', text, re.MULTILINE | re.DOTALL)
    ]


# Of the composition and the modules.
FILES = _files(DIRECTORY)
RUNS = _runs(FILES)
# Of the input that is refused: these need no provider.
REFUSED_FILES = _files(INPUT / "tests")
REFUSED = _runs(REFUSED_FILES)


def terraform_test(terraform: Terraform, files: list[str]) -> dict[tuple[str, str], Result]:
    """Runs these files, or those below tests/ of that name, by file and run."""
    filters = [f"-filter=tests/{file}" for file in files]
    output = terraform.test(*filters)
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    errors: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        if line.get("diagnostic", {}).get("severity") == "error":
            error = line["diagnostic"]
            file = error.get("range", {}).get("filename", "")
            key = (Path(line.get("@testfile", "")).name, line.get("@testrun", ""))
            errors.setdefault(key, []).append(f"{file}: {error['summary']}: {error.get('detail', '')}")
    done = [line["test_run"] for line in lines if "status" in line.get("test_run", {})]
    # An error that belongs to no run stopped all of them.
    general = errors.get(("", ""), [])
    if not done:
        raise TerraformError("\n".join(general) or output)
    return {(key := (Path(run["path"]).name, run["run"])): Result(run["status"], [*errors.get(key, []), *general]) for run in done}
