"""A copy of the Terraform code with the emulator's additions."""

import json
import shutil
from pathlib import Path

from emulator import REGION, Emulator
from emulator.aws import Aws
from program.paths import ROOT
from tools import terraform_plugins
from tools.terraform import Terraform

# The bucket of the emulator that keeps Terraform's state.
STATE = "terraform-state"
IGNORED = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*", "tests", "dist")


class WorkingCopy:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        shutil.copytree(ROOT / "terraform", directory / "terraform", ignore=IGNORED)

    def add(self, path: Path) -> None:
        """Another directory of the work tree, at its own place."""
        shutil.copytree(ROOT / path, self.directory / path, ignore=IGNORED)

    def again(self, path: Path, other: Path) -> Path:
        """A directory of the copy once more, beside the first one."""
        return Path(shutil.copytree(self.directory / path, self.directory / other))

    def root(self, path: Path, emulator: Emulator, variables: dict, accounts: dict[str, str] | None = None) -> Terraform:
        """That root module, with values for its variables, ready to be initialised.

        `accounts`: the account that each of its aws providers stands for, by alias ("": by none).
        """
        directory = self.directory / path
        Aws(emulator.endpoint).s3.create_bucket(Bucket=STATE)
        (directory / "run.auto.tfvars.json").write_text(json.dumps(variables, indent=2) + "\n")
        (directory / "emulator_override.tf").write_text(_override(path, accounts or {}))
        return Terraform(directory, emulator.environment, self.directory / "terraform.log")


def _override(path: Path, accounts: dict[str, str]) -> str:
    # A state in a file is written after each resource, one in a bucket now and then: half the processor time of a large root.
    # In the emulator an account's id is the access key of its root user.
    own = [("", "")] if not accounts else []
    keys = [
        (f'alias = "{alias}"' if alias else "", f'access_key = "{account}"\n  secret_key = "test"')
        for alias, account in accounts.items()
    ]
    return f"""# For the emulator. Its address and its credentials are in the environment.
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "{terraform_plugins.version()}"
    }}
  }}

  backend "s3" {{
    bucket                      = "{STATE}"
    key                         = "{path.as_posix()}"
    region                      = "{REGION}"
    use_path_style              = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_requesting_account_id  = true
  }}
}}
""" + "".join(
        f"""
provider "aws" {{
  {alias}
  max_retries       = 3
  s3_use_path_style = true
  {key}
}}
"""
        for alias, key in own + keys
    )
