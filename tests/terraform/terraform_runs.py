"""The runs of terraform/tests, and what Terraform says of each."""

import dataclasses
import json
import re
from pathlib import Path

from pipeline.paths import ROOT
from pipeline.terraform import Terraform, TerraformError

DIRECTORY = ROOT / "terraform/tests"


@dataclasses.dataclass(frozen=True)
class Run:
    # The file's name.
    file: str
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.file.removesuffix('.tftest.hcl')}-{self.name}"

    @property
    def needs_provider(self) -> bool:
        """Not if all that it looks at is that the composition's variables are refused."""
        expected = re.search(r"^  expect_failures = \[(.*?)\]", self.text, re.MULTILINE | re.DOTALL)
        own_module = re.search(r"^  module {", self.text, re.MULTILINE)
        return bool(own_module) or not expected or not re.fullmatch(r"(?:\s*var\.\w+\s*,?)+\s*", expected[1])


@dataclasses.dataclass(frozen=True)
class Result:
    status: str
    errors: list[str]


FILES = {path.name: path.read_text() for path in sorted(DIRECTORY.glob("*.tftest.hcl"))}
RUNS = [
    Run(name, found[1], found.group())
    for name, text in FILES.items()
    for found in re.finditer(r'^run "(\w+)" {\n.*?^}\n', text, re.MULTILINE | re.DOTALL)
]
WITH_PROVIDER = [run for run in RUNS if run.needs_provider]
REFUSED = [run for run in RUNS if not run.needs_provider]


def without(left_out: list[Run], file: str) -> str:
    """A file without some of its runs; every other line is where it was."""
    text = FILES[file]
    for run in left_out:
        if run.file == file:
            text = text.replace(run.text, "\n" * run.text.count("\n"))
    return text


def terraform_test(terraform: Terraform, files: list[str]) -> dict[tuple[str, str], Result]:
    """Runs these files, or what is below tests/ of that name, by file and run."""
    filters = [f"-filter=tests/{file}" for file in files]
    output = terraform.run("test", "-json", *filters, accepted=(0, 1)).stdout
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    errors: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        if line.get("diagnostic", {}).get("severity") == "error":
            error = line["diagnostic"]
            file = error.get("range", {}).get("filename", "")
            key = (Path(line.get("@testfile", "")).name, line.get("@testrun", ""))
            errors.setdefault(key, []).append(f"{file}: {error['summary']}: {error.get('detail', '')}")
    done = [line["test_run"] for line in lines if "status" in line.get("test_run", {})]
    # What belongs to no run stopped all of them.
    general = errors.get(("", ""), [])
    if not done:
        raise TerraformError("\n".join(general) or output)
    return {(key := (Path(run["path"]).name, run["run"])): Result(run["status"], [*errors.get(key, []), *general]) for run in done}
