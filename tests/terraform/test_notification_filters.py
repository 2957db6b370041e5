"""modules/bucket-notification gives S3 the filters as S3 writes keys: every character of the table that the core has."""

import json
from pathlib import Path

import pytest
from program.paths import ROOT
from terraform_runs import Result, terraform_test
from tools.terraform import Terraform

TABLE = json.loads((ROOT / "tests/cases/s3-keys.json").read_text())
FILE, RUN = "s3-keys.tftest.hcl", "filters"

# S3 takes no filter with a *, and the module says so.
PLANNED = [key for key in TABLE if key != "*"]


def written(value: object) -> str:
    """As a literal of HCL."""
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


@pytest.fixture(scope="module")
def result(copy: Path, environment: dict[str, str]) -> Result:
    ends = ", ".join(f"{{ prefix = {written(key)}, suffix = {written(key)} }}" for key in PLANNED)
    expected = sorted([f"{TABLE[key]} {TABLE[key]}" for key in PLANNED])
    (copy / "tests" / FILE).write_text(f"""
mock_provider "aws" {{
  source = "./tests/mocks"
}}

run "{RUN}" {{
  command = plan

  module {{
    source = "./modules/bucket-notification"
  }}

  variables {{
    bucket = "bucket-a"
    queues = {{
      for i, ends in [{ends}] :
      format("%03d", i) => merge(ends, {{ queue = {{ arn = "arn:aws:sqs:eu-central-1:111122223333:one" }} }})
    }}
  }}

  assert {{
    condition = sort([
      for entry in aws_s3_bucket_notification.this.queue : "${{entry.filter_prefix}} ${{entry.filter_suffix}}"
    ]) == tolist({written(expected)})
    error_message = jsonencode(aws_s3_bucket_notification.this.queue)
  }}
}}
""")
    terraform = Terraform(copy, environment)
    terraform.init()
    return terraform_test(terraform, [FILE])[FILE, RUN]


def test_every_character_is_planned() -> None:
    assert len(PLANNED) == len(TABLE) - 1 >= 94


def test_filters_are_planned_as_s3_writes_keys(result: Result) -> None:
    assert (result.status, result.errors) == ("pass", [])
