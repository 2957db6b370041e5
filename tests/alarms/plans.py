"""Plans of modules/alarms and modules/dashboard alone: they read nothing of AWS, so no account is needed."""

import json
from pathlib import Path

from program.paths import ROOT
from tools.terraform import Terraform

_PROVIDER = """
provider "aws" {{{who}
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}}
"""
# An address without an emulator: the plan asks nobody. In the block: a provider that runs has an environment of its own.
_NOBODY = """
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
"""
# Since long ago: a plan does not know when it is applied.
_ALWAYS = {"topics": [{"arn": "arn:aws:sns:eu-central-1:111122223333:oncall"}], "since": "1970-01-01T00:00:00Z"}


def of_module(root: Path, environment: dict[str, str] | None = None, module: str = "alarms", **arguments: object) -> dict:
    """`terraform show -json` of a plan with these arguments, in an empty directory."""
    root.mkdir(parents=True, exist_ok=True)
    always = _ALWAYS if module == "alarms" else {}
    lines = "".join(f"  {name} = {json.dumps(value)}\n" for name, value in {**always, **arguments}.items())
    source = f'module "this" {{\n  source = "{ROOT}/terraform//modules/{module}"\n{lines}}}\n'
    who = "" if "AWS_ENDPOINT_URL" in (environment or {}) else _NOBODY.rstrip()
    (root / "main.tf").write_text(_PROVIDER.format(who=who) + source)
    terraform = Terraform(root, environment)
    terraform.init()
    terraform.run("plan", "-input=false", "-no-color", "-out=plan")
    return json.loads(terraform.run("show", "-json", "plan").stdout)
