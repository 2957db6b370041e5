"""Every module and every example is valid: the modules in one go, for each go reads all that the provider says of itself."""

import json
import re
from pathlib import Path

import pytest
from program.paths import ROOT
from together import MODULES
from tools.terraform import Terraform

EXAMPLES = sorted(path.name for path in (ROOT / "terraform/examples").iterdir() if path.is_dir())

pytestmark = pytest.mark.quick


def validated(root: Path, environment: dict[str, str]) -> dict[Path, list[str]]:
    """The errors by directory."""
    told = json.loads(Terraform(root, environment).run("validate", "-json", accepted=(0, 1)).stdout)
    errors: dict[Path, list[str]] = {}
    for each in told["diagnostics"]:
        if each["severity"] == "error":
            place = each.get("range", {"filename": "", "start": {"line": 0}})
            file = (root / place["filename"]).resolve()
            text = f"{file.name}:{place['start']['line']}: {each['summary']}: {each['detail']}"
            errors.setdefault(file.parent, []).append(text)
    assert told["valid"] is (errors == {})
    return errors


@pytest.fixture(scope="session")
def errors(all_modules: Path, environment: dict[str, str]) -> dict[Path, list[str]]:
    return validated(all_modules, environment)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_valid(module: str, errors: dict[Path, list[str]], copy: Path) -> None:
    assert errors.get((copy / module).resolve(), []) == []


def test_the_modules_are_valid_together(errors: dict[Path, list[str]]) -> None:
    assert errors == {}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_valid(example: str, copy: Path, environment: dict[str, str]) -> None:
    root = copy / "examples" / example
    Terraform(root, environment).init()
    assert validated(root, environment) == {}


def test_the_region_is_read_where_no_version_of_the_provider_calls_it_deprecated() -> None:
    """aws_region has no `region` in version 5, `name` is deprecated in 6.0 and `id` in 6.47, behind lookup() as well."""
    read = [
        f"{path.relative_to(ROOT)}: {attribute}"
        for path in sorted((ROOT / "terraform").rglob("*.tf"))
        if ".terraform" not in path.parts
        for attribute in re.findall(r"data\.aws_region\.\w+\b(?:\.(\w+)|[^.])", path.read_text())
    ]
    assert len(read) >= 3
    assert [each for each in read if not each.endswith(": endpoint")] == []


def test_what_somebody_new_writes_first_is_short() -> None:
    """A bucket, two lanes and a window: fine.tftest.hcl plans it. The example minimal has less."""
    assert len((ROOT / "terraform/tests/stranger/main.tf").read_text().splitlines()) <= 20
    assert len((ROOT / "terraform/examples/minimal/main.tf").read_text().splitlines()) <= 17
