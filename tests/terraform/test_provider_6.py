"""Nothing that version 6 of the AWS provider changes is in the HCL: that provider is in no mirror of the tests."""

import re

import provider_6
import pytest
from program.paths import ROOT

pytestmark = pytest.mark.quick

FILES = {
    str(path.relative_to(ROOT)): path.read_text()
    for directory in ("terraform", "tests/e2e")
    for path in (ROOT / directory).rglob("*.tf")
    if ".terraform" not in path.parts
}
TRAPS = {
    'data "aws_region" "this" {\n}\nlocals {\n  a = data.aws_region.this.name\n}\n': "split the endpoint",
    "locals {\n  a = data.aws_region.this.id\n}\n": "split the endpoint",
    'locals {\n  a = lookup(data.aws_region.this, "name", null)\n}\n': "behind lookup",
    'output "a" {\n  value = aws_s3_bucket.one["x"].region\n}\n': "bucket_region",
    'resource "aws_sqs_queue" "one" {\n  region = "eu-central-1"\n}\n': "region is no argument in 5",
    'resource "aws_sqs_queue" "one" {\n  max_message_size = 1048576\n}\n': "version 5 refuses it",
    'resource "aws_cloudwatch_event_rule" "one" {\n  is_enabled = true\n}\n': "use state",
    'resource "aws_iam_role" "one" {\n  inline_policy {\n  }\n}\n': "a resource of its own",
    'resource "aws_iam_role" "one" {\n  dynamic "inline_policy" {\n  }\n}\n': "a resource of its own",
    'resource "aws_s3_bucket" "one" {\n  acl = "private"\n}\n': "acl, apart",
    'resource "aws_dynamodb_table" "one" {\n  global_secondary_index {\n    hash_key = "a"\n  }\n}\n': "keys of an index",
    'resource "aws_opsworks_stack" "one" {\n}\n': "is no more",
}


@pytest.mark.parametrize("text", TRAPS)
def test_a_trap_is_found(text: str) -> None:
    (found,) = provider_6.traps(text)
    assert TRAPS[text] in found


def test_what_both_versions_have_is_none() -> None:
    text = (
        'resource "aws_dynamodb_table" "one" {\n  hash_key = "a"\n}\n# data.aws_region.this.name\n'
        'locals {\n  a = split(".", data.aws_region.this.endpoint)[1]\n  b = { region = "x" }\n}\n'
        'resource "aws_sqs_queue" "one" {\n  tags = {\n    region = "x"\n  }\n}\n'
    )
    assert list(provider_6.traps(text)) == []


def test_no_file_has_one() -> None:
    assert len(FILES) > 100
    found = {name: list(provider_6.traps(text)) for name, text in FILES.items()}
    assert {name: traps for name, traps in found.items() if traps} == {}


def test_every_module_takes_versions_5_and_6() -> None:
    constraints = {re.search(r'source += "hashicorp/aws"\n +version += "(.*)"', text) for text in FILES.values()}
    assert {found[1] for found in constraints if found} == {">= 5.90.0, < 7.0.0"}
