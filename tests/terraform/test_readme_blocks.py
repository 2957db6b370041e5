"""Each block of HCL in a README is planned as it stands, and makes as many resources as its last line says."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from program.paths import ROOT
from readme_blocks import BLOCKS, STUB, Block
from terraform_runs import DIRECTORY
from tools.terraform import Terraform

_TEST = """mock_provider "aws" {{
  source = "./mocks"
}}

# Of the module forms.
variables {{
  expression = "rate(1 minute)"
}}

run "{name}" {{
  command = plan

  module {{
    source = "./tests/{name}"
  }}
}}
"""
MACHINE = '{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}\n'


@pytest.fixture(scope="session")
def plans(
    copy: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[list[str], list[str]]]:
    """Addresses of the planned resources, and errors, by the block's name: all in one go, since Terraform reads the schema once."""
    work = tmp_path_factory.mktemp("readmes")
    released = shutil.copytree(copy, work / "terraform", ignore=shutil.ignore_patterns("tests", ".terraform*", ".plugins"))
    # As in a release.
    shutil.copytree(DIRECTORY / "zips", Path(released) / "dist")
    root = work / "root"
    shutil.copytree(DIRECTORY / "mocks", root / "mocks")
    shutil.copytree(DIRECTORY / "zips", root / "handlers")
    (root / "tests/stub").mkdir(parents=True)
    (root / "tests/stub/main.tf").write_text(STUB)
    for block in BLOCKS:
        own = root / "tests" / block.name
        own.mkdir()
        (own / "main.tf").write_text(block.root("../../../terraform"))
        (own / "workflow.asl.json").write_text(MACHINE)
        (root / f"tests/{block.name}.tftest.hcl").write_text(_TEST.format(name=block.name))
    (root / "main.tf").write_text('terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n')
    terraform = Terraform(root, environment)
    terraform.init()
    return _read(terraform.test("-verbose"))


def _read(output: str) -> dict[str, tuple[list[str], list[str]]]:
    found: dict[str, tuple[list[str], list[str]]] = {block.name: ([], []) for block in BLOCKS}
    for line in (json.loads(line) for line in output.splitlines() if line.startswith("{")):
        made, errors = found.get(line.get("@testrun", ""), ([], []))
        if "test_plan" in line:
            changes = line["test_plan"].get("resource_changes", [])
            made += [change["address"] for change in changes if change["mode"] == "managed"]
        elif line.get("diagnostic", {}).get("severity") == "error":
            errors.append(f"{line['diagnostic']['summary']}: {line['diagnostic'].get('detail', '')}")
    return found


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_is_planned_and_makes_what_it_promises(block: Block, plans: dict[str, tuple[list[str], list[str]]]) -> None:
    made, errors = plans[block.name]
    assert errors == []
    # The test's own additions are not the block's.
    own = [address for address in made if any(address.startswith((one, f"{one}[", f"{one}.")) for one in block.declared)]
    own = [address for address in own if address.split("[")[0].split(".")[1] in {one.split(".")[1] for one in block.declared}]
    assert block.is_an_argument or block.promised is not None, f"{block}: write the last line # makes {len(own)} resources"
    assert len(own) == block.promised or block.is_an_argument, f"{block} makes {len(own)}: {own}"


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_is_formatted(block: Block) -> None:
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull}
    result = subprocess.run(["terraform", "fmt", "-"], input=block.text, env=environment, capture_output=True, text=True)
    assert (result.stdout, result.stderr) == (block.text, "")


def test_every_module_has_a_block() -> None:
    documents = {block.document.parent for block in BLOCKS}
    modules = {path for path in (ROOT / "terraform/modules").iterdir() if path.is_dir()}
    # It is the composition's own.
    assert modules - documents == {ROOT / "terraform/modules/input"}
