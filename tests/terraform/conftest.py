"""Terraform's own tests: in a copy, so that nothing is left in the work tree, and with one provider for all of them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import terraform_provider
import together
from program.paths import ROOT
from tools.terraform import Terraform

# The provider wants a region even if it is mocked. Its schema is large, and a garbage collector
# that walks through it at its usual pace takes half of the time.
SETTINGS = {"AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "GOGC": "400"}


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("work") / "terraform"
    return Path(shutil.copytree(ROOT / "terraform", directory, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*", "dist")))


@pytest.fixture(scope="session")
def all_modules(copy: Path) -> Path:
    """A root that calls every module."""
    root = copy.parent / "together"
    root.mkdir()
    together.write(root, "../terraform")
    Terraform(root, SETTINGS).init()
    return root


@pytest.fixture(scope="session")
def environment(all_modules: Path) -> Iterator[dict[str, str]]:
    """Terraform's, with the provider, which is started once."""
    program = terraform_provider.binary(all_modules)
    with terraform_provider.running(program, all_modules.parent / "provider.log", SETTINGS) as found:
        yield {**SETTINGS, **found}
