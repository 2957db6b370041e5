"""The HCL of the documents as root modules of their own: the parts that a block leaves to its reader are added."""

import dataclasses
import re
from pathlib import Path

from program.paths import ROOT
from release.addresses import PLACEHOLDER

DOCUMENTS = [
    ROOT / "README.md",
    *sorted(path for part in ("guide", "operate", "reference") for path in (ROOT / "docs" / part).glob("*.md")),
    *sorted(path for path in (ROOT / "terraform").rglob("README.md") if ".terraform" not in path.parts),
]
_BLOCK = re.compile(r"^```hcl\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMISE = re.compile(r"^# makes (no|\d+) resources?$", re.MULTILINE)
_TOP = re.compile(r'^(module|resource|output|variable|locals|data|provider)\b(?: "(\w+)")?(?: "(\w+)")?', re.MULTILINE)

# An argument alone belongs to a pipeline, of which it replaces the one of its name.
_PIPELINE = {
    "name": '"reports"',
    "buckets": '{ uploads = { name = "my-uploads", notification = "owned", sources = { all = {} } } }',
    "workflow": '{ definition = file("${path.module}/workflow.asl.json") }',
}
_ARGUMENT = re.compile(r"^(\w+) += ", re.MULTILINE)
_ARGUMENTS = {
    "aws_cloudwatch_log_group": 'name = "reports"',
    "aws_dynamodb_table": 'name = "devices"\n  hash_key = "id"\n  attribute {\n    name = "id"\n    type = "S"\n  }',
    "aws_s3_bucket": 'bucket = "my-uploads"',
    "aws_s3_bucket_notification": 'bucket = "my-uploads"',
    "aws_sns_topic": 'name = "uploads"',
    "aws_sqs_queue": 'name = "thumbnails"',
}
# The outputs of the modules around.
STUB = """locals {
  arn = "arn:aws:sqs:eu-central-1:111122223333:reports"
}

output "queue_arn" { value = local.arn }
output "function_arn" { value = "arn:aws:lambda:eu-central-1:111122223333:function:reports" }
output "state_machine_arn" { value = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports" }
output "arn" { value = "arn:aws:dynamodb:eu-central-1:111122223333:table/reports" }
output "name" { value = "reports" }
output "bucket_notifications" {
  value = { uploads = { queues = { status = { queue = { arn = local.arn }, prefix = "status/" } } } }
}
"""


@dataclasses.dataclass(frozen=True)
class Block:
    document: Path
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT).parent}-{self.document.stem}-{self.number}".strip(".-")

    @property
    def name(self) -> str:
        """As a run of Terraform's tests."""
        return re.sub(r"\W", "_", str(self))

    @property
    def promised(self) -> int | None:
        found = _PROMISE.search(self.text)
        return (0 if found[1] == "no" else int(found[1])) if found else None

    @property
    def declared(self) -> set[str]:
        """Addresses of modules and resources."""
        return {f"module.{one}" if kind == "module" else f"{one}.{two}" for kind, one, two in _TOP.findall(self._whole())}

    def root(self, composition: str) -> str:
        """`composition`: the module's path, seen from the root module."""
        text = self._whole()
        used = set(re.findall(r"\b(module\.\w+|aws_\w+\.\w+)", text)) - self.declared
        added = [
            f'module "{address.split(".")[1]}" {{\n  source = "../stub"\n}}\n'
            for address in sorted(used)
            if address.startswith("module.")
        ]
        for address in sorted(used):
            kind, name = address.split(".")
            if kind in _ARGUMENTS:
                added.append(f'resource "{kind}" "{name}" {{\n  {_ARGUMENTS[kind]}\n}}\n')
        if "var.protect" in text:
            added.append('variable "protect" {\n  type    = bool\n  default = true\n}\n')
        if "local.administrators" in text:
            added.append("locals {\n  administrators = []\n}\n")
        own = text.replace(f'"{PLACEHOLDER}', f'"{composition}').replace(f"{composition}//", f"{composition}/")
        added.append('terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n')
        return "\n".join([own.replace('"../forms"', f'"{composition}/modules/forms"'), *added])

    @property
    def is_an_argument(self) -> bool:
        return not _TOP.search(self.text)

    def _whole(self) -> str:
        if not self.is_an_argument:
            return self.text
        given = set(_ARGUMENT.findall(self.text))
        rest = "".join(f"{name} = {value}\n" for name, value in _PIPELINE.items() if name not in given)
        return f'module "spillway" {{\nsource = "{PLACEHOLDER}"\n{rest}{self.text}}}\n'


BLOCKS = [
    Block(path, number, text)
    for path in DOCUMENTS
    for number, text in enumerate((found[1] for found in _BLOCK.finditer(path.read_text())), start=1)
]
