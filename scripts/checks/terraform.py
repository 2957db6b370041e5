"""Every module and example is valid, and their own tests pass; in a copy, so that nothing is left in the work tree."""

import re
import shutil
import tempfile
from pathlib import Path

from pipeline import processes
from pipeline.paths import ROOT
from pipeline.terraform import Terraform, TerraformError

from checks.part import WORK, Counts, check, failure, show


def run() -> Counts:
    WORK.mkdir(parents=True, exist_ok=True)
    counts = Counts()
    with tempfile.TemporaryDirectory(prefix="terraform-", dir=WORK) as directory:
        copy = Path(directory) / "terraform"
        shutil.copytree(ROOT / "terraform", copy, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*"))
        for module in sorted({path.parent for path in copy.rglob("*.tf") if "tests" not in path.relative_to(copy).parts}):
            counts += _module(module, str(module.relative_to(copy.parent)))
    return counts


def _module(module: Path, name: str) -> Counts:
    # The provider wants a region even where it is mocked.
    terraform = Terraform(module, {"AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"})
    try:
        terraform.init()
    except TerraformError as error:
        print(f"  FAILED {name}: {error}")
        return Counts(failed=1, failures=[failure(f"init {name}", str(error))])
    counts = check(f"validate {name}", ["terraform", f"-chdir={module}", "validate", "-no-color"], env=terraform.environment)
    if any((module / "tests").glob("*.tftest.hcl")) or any(module.glob("*.tftest.hcl")):
        counts += _tests(terraform, module, name)
    return counts


def _tests(terraform: Terraform, module: Path, name: str) -> Counts:
    command = ["terraform", f"-chdir={module}", "test", "-no-color"]
    quiet: list[str] = []
    status, output = processes.stream(command, quiet.append, env=terraform.environment)
    found = re.findall(r"^(?:Success!|Failure!) (\d+) passed, (\d+) failed(?:, (\d+) skipped)?", output, re.MULTILINE)
    counts = Counts(*(int(number or 0) for number in found[-1])) if found else Counts()
    good = status == 0 and counts.passed > 0
    print(f"  {'ok    ' if good else 'FAILED'} terraform test {name}: {counts.passed} passed, {counts.failed} failed", flush=True)
    if not good:
        counts.failed = max(1, counts.failed)
        told = re.findall(r"^(?:Error: .*|  run .*\.\.\. fail)$", output, re.MULTILINE)
        counts.failures = [failure(f"terraform test {name}", "\n".join(told) or output)]
        for line in quiet:
            show(line)
    return counts
