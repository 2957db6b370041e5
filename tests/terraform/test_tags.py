"""Tags reach every resource of the modules that takes them."""

import re

import pytest
from program.paths import ROOT

pytestmark = pytest.mark.quick

# The types of the AWS provider that take no tags, as its schema says.
WITHOUT = {
    "aws_cloudwatch_dashboard",
    "aws_cloudwatch_event_target",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_lambda_function_event_invoke_config",
    "aws_lambda_permission",
    "aws_s3_bucket_notification",
    "aws_sfn_alias",
    "aws_sns_topic_subscription",
}
# Only of the root module and its modules: an example has a provider, and tags by it.
FILES = [path for path in [*ROOT.glob("terraform/*.tf"), *ROOT.glob("terraform/modules/**/*.tf")] if ".terraform" not in path.parts]


def untagged(text: str) -> list[str]:
    """The resources that take tags and have none."""
    blocks = re.findall(r'^resource "(aws_\w+)" "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    found = [(type_, name) for type_, name, block in blocks if not re.search(r"^  tags +=", block, re.MULTILINE)]
    return [f"{type_}.{name}" for type_, name in found if type_ not in WITHOUT]


def test_a_resource_without_tags_is_found() -> None:
    bare, tagged = 'resource "aws_sqs_queue" "bare" {\n  name = "a"\n}\n', 'resource "aws_sqs_queue" "b" {\n  tags = var.tags\n}\n'
    assert untagged(bare + tagged + 'resource "aws_sfn_alias" "c" {\n  name = "a"\n}\n') == ["aws_sqs_queue.bare"]


def test_every_resource_that_takes_tags_has_them() -> None:
    assert len(FILES) > 30
    assert {str(path): found for path in FILES if (found := untagged(path.read_text()))} == {}
