"""A scan of the Terraform code by checkov: every check, but for those skipped here, each with its reason."""

import dataclasses
import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from program import processes
from program.paths import ROOT
from tools import venvs


@dataclasses.dataclass(frozen=True)
class Skip:
    check: str
    reason: str
    # The places of the reason, as directory and address; none: everywhere.
    resources: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.check, *self.resources))

    def covers(self, finding: "Finding") -> bool:
        return self.check == finding.check and (not self.resources or finding.resource in self.resources)


@dataclasses.dataclass(frozen=True)
class Finding:
    check: str
    # As in Skip.resources.
    resource: str
    text: str


SKIPPED = (
    # Functions
    Skip(
        "CKV_AWS_116",
        "what fails is kept: in a failure queue, a dead-letter queue, an execution; a lost tick is followed by the next",
    ),
    # State machines
    Skip(
        "CKV_AWS_284",
        "X-Ray costs for every execution: platform.tracing switches it on",
        ("modules/workflow aws_sfn_state_machine.this",),
    ),
    Skip(
        "CKV_AWS_285",
        "errors are logged; inputs and outputs hold what the states read, and are logged if log_execution_data says so",
    ),
    # Storage of the examples
    Skip("CKV_AWS_18", "access logs need a bucket that an organisation has for all of its buckets"),
    Skip(
        "CKV_AWS_119",
        "encrypted with DynamoDB's key; who reads with a key of one's own is its owner's to say",
        (
            "examples/cross-account aws_dynamodb_table.status",
            "examples/device-status aws_dynamodb_table.devices",
            "examples/device-status aws_dynamodb_table.status",
            "examples/glue-crawler aws_dynamodb_table.status",
            "examples/shared-bucket aws_dynamodb_table.status",
        ),
    ),
    Skip("CKV_AWS_144", "a copy in a second Region doubles the cost of a bucket, and is no part of what an example shows"),
    Skip("CKV_AWS_145", "encrypted with S3's key; who uploads and reads with a key of one's own is its owner's to say"),
    Skip("CKV2_AWS_62", "nothing is to start by what the job writes", ("examples/glue-job aws_s3_bucket.work",)),
    *(
        Skip(check, "fifteen lines show the module; device-status shows a bucket", ("examples/minimal aws_s3_bucket.uploads",))
        for check in ("CKV_AWS_21", "CKV2_AWS_6", "CKV2_AWS_61")
    ),
    # SNS and Glue
    Skip(
        "CKV_AWS_26",
        "S3 cannot publish with the key of SNS, only with one of one's own; a message names objects and has no content",
        ("examples/glue-crawler aws_sns_topic.uploads",),
    ),
    Skip(
        "CKV_AWS_26",
        "no message ever: the topic's policy denies everyone to publish",
        ("modules/guard aws_sns_topic.this", "modules/glue-crawler aws_sns_topic.guard"),
    ),
    Skip("CKV_AWS_195", "it names keys for data and logs; without one, S3 and CloudWatch Logs encrypt with theirs"),
)


# As the composition calls them; and one alone, for checkov takes module.input.workflow for the module workflow itself and drops it.
SCANNED = ("", "/modules/workflow")


@pytest.fixture(scope="session")
def results() -> dict:
    with ThreadPoolExecutor() as pool:
        scans = list(pool.map(_scan, SCANNED))
    return {kind: [found for scan in scans for found in scan[kind]] for kind in scans[0]}


def _scan(place: str) -> dict:
    checkov = venvs.ensure("policy").parent / "checkov"
    options = ["--framework", "terraform", "--skip-download", "--skip-path", "tests/", "--output", "json", "--soft-fail"]
    result = processes.run(
        [str(checkov), "--directory", f"terraform{place}", *options],
        cwd=ROOT,
        # Otherwise it looks for a platform to report to.
        env={name: value for name, value in os.environ.items() if not name.startswith(("BC_", "PRISMA_", "CKV_"))},
        stdout=subprocess.PIPE,
        text=True,
    )
    found = json.loads(result.stdout)["results"]
    for each in (each for outcome in ("passed_checks", "failed_checks", "skipped_checks") for each in found[outcome]):
        each["file_path"] = place + each["file_path"]
    return found


@pytest.fixture(scope="session")
def findings(results: dict) -> list[Finding]:
    return [_finding(failed) for failed in results["failed_checks"]]


def _finding(failed: dict) -> Finding:
    place = f"{failed['file_path']}:{failed['file_line_range'][0]} {failed['resource']}"
    text = f"{place}: {failed['check_id']} {failed['check_name']}"
    return Finding(check=failed["check_id"], resource=_resource(failed), text=text)


def _resource(checked: dict) -> str:
    """Directory and address, however a module is called."""
    address = re.sub(r"\[.*?\]", "", checked["resource"])
    return f"{Path(checked['file_path']).parent.as_posix().strip('/')} {'.'.join(address.split('.')[-2:])}".strip()


def test_the_page_on_security_has_every_skip() -> None:
    page = (ROOT / "docs/guide/security.md").read_text().partition("## Controls of checkov")[2]
    assert set(re.findall(r"`(CKV2?_AWS_\d+)`", page)) == {skip.check for skip in SKIPPED}


def test_nothing_is_found_but_what_is_skipped(findings: list[Finding]) -> None:
    assert [finding.text for finding in findings if not any(skip.covers(finding) for skip in SKIPPED)] == []


@pytest.mark.parametrize("skip", SKIPPED, ids=str)
def test_a_skip_is_needed(skip: Skip, findings: list[Finding]) -> None:
    skipped = {finding.resource for finding in findings if skip.covers(finding)}
    assert skipped != set()
    assert set(skip.resources) <= skipped


def test_nothing_is_skipped_in_the_code(results: dict) -> None:
    """All that is skipped is in one list."""
    assert [f"{skipped['check_id']} {skipped['file_path']}" for skipped in results["skipped_checks"]] == []


def test_every_file_was_read(results: dict) -> None:
    """checkov leaves out text that it has no grammar for, as a number with an exponent."""
    assert results["parsing_errors"] == []


def test_everything_that_is_made_was_looked_at(results: dict) -> None:
    """Of the types that checkov has a check for: a check that finds nothing to look at says nothing."""
    looked_at = {_resource(checked) for outcome in ("passed_checks", "failed_checks") for checked in results[outcome]}
    known = {resource.split()[-1].split(".")[0] for resource in looked_at}
    made = {
        f"{path.parent.relative_to(ROOT / 'terraform').as_posix()} {kind}.{name}"
        for directory in ("examples", "modules")
        for path in (ROOT / "terraform" / directory).rglob("*.tf")
        for kind, name in re.findall(r'^resource "(\w+)" "(\w+)"', path.read_text(), re.MULTILINE)
        if kind in known and ".terraform" not in path.parts
    }
    assert len(made) > 40
    assert sorted(made - looked_at) == []
