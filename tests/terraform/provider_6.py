"""The changes and deprecations of version 6 of the AWS provider, as far as a module for versions 5 and 6 can meet it.

From the provider's upgrade guide and changelog: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/version-6-upgrade
"""

import re
from collections.abc import Iterator

_BLOCK = re.compile(r'^(resource|data) "(aws_\w+)" "(\w+)" {\n(.*?)^}\n', re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)

# By type: arguments of the block itself that version 6 or its later releases deprecate or give another meaning.
_ARGUMENTS = {
    "aws_cloudwatch_event_rule": {"is_enabled": "use state"},
    "aws_iam_role": {"managed_policy_arns": "a resource of its own", "inline_policy": "a resource of its own"},
    "aws_sqs_queue": {"max_message_size": "above 262144 version 5 refuses it"},
    **{
        kind: dict.fromkeys(("acl", "lifecycle_rule", "policy", "server_side_encryption_configuration", "versioning"), "apart")
        for kind in ("aws_s3_bucket",)
    },
}
# Attributes that are read.
_READ = {
    r"data\.aws_region\.\w+(?:\[0\])?\.(?:name|id|region)\b": "deprecated in 6 or not in 5: split the endpoint",
    r'lookup\(data\.aws_region\.\w+, "(?:name|id)"': "deprecated behind lookup() too",
    r"\baws_s3_bucket\.\w+(?:\[[^\]]*\])?\.region\b": "another meaning in 6: bucket_region",
}
_REMOVED = re.compile(r"aws_(?:opsworks|simpledb|worklink)_\w+|aws_redshift_service_account")


def traps(text: str) -> Iterator[str]:
    """The changes that a file of HCL would meet."""
    text = _COMMENT.sub("", text)
    for pattern, why in _READ.items():
        yield from (f"{found}: {why}" for found in re.findall(pattern, text))
    for _, kind, name, body in _BLOCK.findall(text):
        own = {*re.findall(r"^  (\w+) *=", body, re.MULTILINE), *re.findall(r"^  (?:dynamic \")?(\w+)\"? {", body, re.MULTILINE)}
        if _REMOVED.fullmatch(kind):
            yield f"{kind}.{name}: is no more"
        if "region" in own:
            yield f"{kind}.{name}: region is no argument in 5"
        yield from (f"{kind}.{name}: {each}, {why}" for each, why in _ARGUMENTS.get(kind, {}).items() if each in own)
        for index in re.findall(r"^  global_secondary_index {\n(.*?)^  }", body, re.MULTILINE | re.DOTALL):
            if re.search(r"^ +(hash_key|range_key) *=", index, re.MULTILINE):
                yield f"{kind}.{name}: the keys of an index are deprecated in 6, and their successor is not in 5"
