"""State machine definitions, by a real validator: the examples' own, and with a run's overlay on top; the modules' own."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from demo import overlay
from program import processes
from program.paths import ROOT
from tools import node_packages
from tools.venvs import REQUIREMENTS

FILES = sorted(
    str(path.relative_to(ROOT))
    for directory in ("terraform", "tests")
    for path in (ROOT / directory).rglob("*.asl.json*")
    if ".terraform" not in path.parts
)
DEFINITIONS = [file for file in FILES if file.endswith(".json")]
TEMPLATES = [file for file in FILES if file.endswith(".json.tftpl")]
OVERLAID = [f"{file}, with the overlay" for file in DEFINITIONS]


@pytest.fixture(scope="session")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> str:
    """On all of them, in one go."""
    directory: Path = tmp_path_factory.mktemp("asl")
    for file in FILES:
        (directory / file).parent.mkdir(parents=True, exist_ok=True)
    for file, overlaid in zip(DEFINITIONS, OVERLAID):
        shutil.copy(ROOT / file, directory / file)
        shutil.copy(ROOT / file, directory / overlaid)
        overlay.lay(directory / overlaid, (2, 3))
    for file in TEMPLATES:
        (directory / file).write_text(_rendered((ROOT / file).read_text()))
    validator = node_packages.ensure("asl-validator", REQUIREMENTS / "asl") / "node_modules/.bin/asl-validator"
    options = [option for file in [*DEFINITIONS, *OVERLAID, *TEMPLATES] for option in ("--json-path", file)]
    command = [str(validator), *options]
    return processes.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def _rendered(template: str) -> str:
    """Terraform's template with some value in every place: 1 for a number, and in a text one that can be a partition."""
    numbers = re.sub(r'(?<=": )\$\{\w+\}', "1", template)
    return re.sub(r"\$\{\w+\}", "aws", numbers)


@pytest.mark.parametrize("name", [*DEFINITIONS, *OVERLAID, *TEMPLATES])
def test_a_definition_is_valid(name: str, verdicts: str) -> None:
    assert f'definition "{name}" is valid' in verdicts
