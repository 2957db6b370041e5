"""GitHub's workflows, which no test runs: by actionlint and zizmor, and by the permissions that they lack."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from program.paths import ROOT
from tools import node_packages
from tools.venvs import REQUIREMENTS

pytestmark = pytest.mark.quick

DIRECTORY = ROOT / ".github"
OWN = sorted((DIRECTORY / "workflows").glob("*.yml"))
# Of the examples, each the root of a repository of its own.
EXAMPLES = sorted((ROOT / "terraform/examples").glob("*/.github/workflows/*.yml"))
WORKFLOWS = OWN + EXAMPLES
# The one that a registry has is actionlint 1.6.22, of 2022: these are younger.
YOUNGER = (
    'undefined variable "vars"',
    'label "ubuntu-24.04" is unknown',
    'label "ubuntu-22.04-arm" is unknown',
    'label "macos-15" is unknown',
    'label "macos-15-intel" is unknown',
    'unknown permission scope "attestations"',
)
BAD = """on: pull_request
permissions: write-all
jobs:
  one:
    runs-on: ubuntu-9
    steps:
      - uses: actions/checkout@v4
      - run: echo ${{ github.event.pull_request.title }}
"""


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    file = tmp_path / ".github/workflows/bad.yml"
    file.parent.mkdir(parents=True)
    file.write_text(BAD)
    return file


def actionlint(*files: Path) -> list[str]:
    home = node_packages.ensure("actionlint", REQUIREMENTS / "actionlint", ("check.mjs",))
    ran = subprocess.run(["node", home / "check.mjs", *files], check=True, capture_output=True, text=True)
    found = [(Path(file).name, each) for file, findings in json.loads(ran.stdout).items() for each in findings]
    return [f"{file}:{each['line']}: {each['message']}" for file, each in found if not each["message"].startswith(YOUNGER)]


def zizmor(directory: Path) -> list[str]:
    command = [Path(sys.executable).with_name("zizmor"), "--offline", "--persona", "pedantic", "--format", "json", directory]
    ran = subprocess.run(command, capture_output=True, text=True)
    return [f"{each['ident']}: {each['desc']}" for each in json.loads(ran.stdout)]


def test_actionlint_finds_nothing() -> None:
    assert len(OWN) >= 3
    assert len(EXAMPLES) >= 3
    assert actionlint(*WORKFLOWS) == []


def test_actionlint_finds_what_is_wrong(bad: Path) -> None:
    assert any("potentially untrusted" in text for text in actionlint(bad))
    assert any('label "ubuntu-9" is unknown' in text for text in actionlint(bad))


@pytest.mark.parametrize("directory", sorted({path.parents[1] for path in WORKFLOWS}), ids=lambda path: path.parent.name)
def test_zizmor_finds_nothing(directory: Path) -> None:
    assert zizmor(directory) == []


def test_zizmor_finds_what_is_wrong(bad: Path) -> None:
    found = " ".join(zizmor(bad.parents[1]))
    assert {"template-injection", "unpinned-uses", "excessive-permissions"} <= set(re.findall(r"[a-z]+-[a-z]+", found))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_hash_and_says_which_version_that_is(workflow: Path) -> None:
    uses = re.findall(r"uses: (.*)", workflow.read_text())
    assert uses
    assert [each for each in uses if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


def test_an_action_has_one_hash_everywhere() -> None:
    uses = {each for workflow in WORKFLOWS for each in re.findall(r"uses: (.*)", workflow.read_text())}
    assert len(uses) == len({each.split("@")[0] for each in uses})


@pytest.mark.parametrize("workflow", EXAMPLES, ids=lambda path: path.stem)
def test_what_an_example_runs_is_there_and_can_be_run(workflow: Path) -> None:
    root = workflow.parents[2]
    run = set(re.findall(r"\./([\w-]+\.sh) ", workflow.read_text()))
    assert run
    assert [name for name in run if not os.access(root / name, os.X_OK)] == []


@pytest.mark.parametrize("workflow", OWN, ids=lambda path: path.stem)
def test_what_is_run_is_there(workflow: Path) -> None:
    run = set(re.findall(r"run: (scripts/\w+|\.ci/\w+)|^ +(scripts/\w+) ", workflow.read_text(), re.MULTILINE))
    assert run
    assert [name for pair in run for name in pair if name and not (ROOT / name).is_file()] == []
