"""Terraform, shell and Python: formatting and lints."""

import sys
from pathlib import Path

import pytest
import sources
from command import passes
from program.paths import ROOT

pytestmark = pytest.mark.quick

TOOLS = Path(sys.executable).parent
RUFF_CONFIG = ("--config", "scripts/requirements/ruff.toml")


def names(paths: list[Path]) -> list[str]:
    assert paths
    return [str(path.relative_to(ROOT)) for path in paths]


def test_terraform_format() -> None:
    passes("terraform", "fmt", "-check", "-diff", "-recursive", "terraform", "tests")


def test_shellcheck() -> None:
    passes(str(TOOLS / "shellcheck"), "--external-sources", *names(sources.shell_scripts()))


def test_ruff() -> None:
    passes(str(TOOLS / "ruff"), "check", *RUFF_CONFIG, *names(sources.python_files()))


def test_ruff_format() -> None:
    passes(str(TOOLS / "ruff"), "format", "--check", "--diff", *RUFF_CONFIG, *names(sources.python_files()))
