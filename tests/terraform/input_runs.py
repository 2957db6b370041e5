"""The module of the input, in a copy: it has no provider, so a run takes a hundredth of a second."""

import shutil
from pathlib import Path

from terraform_runs import COMPOSITION, INPUT, REFUSED_FILES, Result, Run, terraform_test
from tools.terraform import Terraform

# The input that every run starts from.
VARIABLES = "terraform.tfvars"


def results(directory: Path, runs: list[Run]) -> dict[str, Result]:
    """By run. Each has a file of its own: Terraform leaves out the runs after an error."""
    copy = directory / INPUT.relative_to(COMPOSITION)
    for part in ("data", "modules"):
        shutil.copytree(COMPOSITION / part, directory / part, ignore=shutil.ignore_patterns("tests", ".terraform"))
    (copy / "tests").mkdir()
    shutil.copy(INPUT / "tests" / VARIABLES, copy / "tests")
    files = {str(run): f"{run}.tftest.hcl" for run in runs}
    for run in runs:
        text = REFUSED_FILES[run.file]
        (copy / "tests" / files[str(run)]).write_text(text[: text.index('\nrun "') + 1] + run.text)
    terraform = Terraform(copy)
    terraform.init()
    found = terraform_test(terraform, list(files.values()))
    return {str(run): found[files[str(run)], run.name] for run in runs}
