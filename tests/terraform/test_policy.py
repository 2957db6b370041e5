"""A scan of the Terraform code by checkov, with a short list of checks: those that say something about what is here."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from pipeline import processes, venvs
from pipeline.paths import ROOT

CHECKS = {
    "CKV2_AWS_6": "buckets block public access",
    "CKV_AWS_21": "buckets keep versions",
    "CKV_AWS_27": "queues are encrypted",
    "CKV_AWS_28": "tables can be restored to a point in time",
    "CKV_AWS_45": "no secrets in the functions' environments",
    "CKV_AWS_60": "roles are assumed by named services only",
    "CKV_AWS_61": "roles are not assumed by whole accounts",
    "CKV_AWS_62": "no policy allows everything",
    "CKV_AWS_63": "no policy allows every action",
    "CKV_AWS_66": "log groups have a retention",
    "CKV_AWS_301": "functions are not public",
    "CKV_AWS_363": "functions run on a runtime of today",
    "CKV_AWS_364": "whoever may invoke a function is one named resource",
}


@pytest.fixture(scope="session")
def results() -> dict:
    checkov = venvs.ensure("policy").parent / "checkov"
    options = ["--framework", "terraform", "--skip-download", "--skip-path", "tests/", "--output", "json", "--soft-fail"]
    result = processes.run(
        [str(checkov), "--directory", "terraform", "--check", ",".join(CHECKS), *options],
        cwd=ROOT,
        # Otherwise it looks for a platform to report to.
        env={name: value for name, value in os.environ.items() if not name.startswith(("BC_", "PRISMA_", "CKV_"))},
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(result.stdout)["results"]


@pytest.mark.parametrize("check", [pytest.param(check, id=f"{check} {what}") for check, what in CHECKS.items()])
def test_policy(check: str, results: dict) -> None:
    passed, failed = ([found for found in results[f"{how}_checks"] if found["check_id"] == check] for how in ("passed", "failed"))
    assert [f"{found['file_path']}:{found['file_line_range'][0]} {found['resource']}" for found in failed] == []
    # A check that finds nothing to look at says nothing.
    assert passed != []


def test_whatever_is_made_was_read(results: dict) -> None:
    """checkov has no grammar for some of the rules of variables, and leaves such a file out."""
    left_out = [
        path for path in results["parsing_errors"] if re.search(r"^(resource|module|data) ", Path(path).read_text(), re.MULTILINE)
    ]
    assert left_out == []
