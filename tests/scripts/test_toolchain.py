"""Every missing tool is named, with the remedy."""

import os
import subprocess
from pathlib import Path

import pytest
from program.paths import SCRIPTS

NAMES = ("python", "cargo", "cc", "terraform", "node", "jq")


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A PATH with the tools that a shell script needs, and no tool of ours."""
    for name in ("bash", "env", "sed", "cut", "dirname", "tr"):
        source = next(Path(part) / name for part in os.environ["PATH"].split(":") if (Path(part) / name).exists())
        (tmp_path / name).symlink_to(source)
    return tmp_path


def run(path: Path, script: str, *arguments: str) -> subprocess.CompletedProcess:
    command = ["bash", str(SCRIPTS / script), *arguments]
    return subprocess.run(command, env={"PATH": str(path), "HOME": str(path)}, capture_output=True, text=True)


def fake(path: Path, name: str, says: str) -> None:
    (path / name).write_text(f"#!/usr/bin/env bash\necho '{says}'\n")
    (path / name).chmod(0o755)


def test_everything_missing_is_told_at_once(bare_path: Path) -> None:
    result = run(bare_path, "parts/toolchain.sh", *NAMES)
    assert result.returncode == 1
    for name in NAMES:
        assert f"\n  {name} " in result.stderr
    assert "rustup" in result.stderr


@pytest.mark.parametrize("script", ["demo", "build", "test"])
def test_a_script_without_its_tools_says_so(bare_path: Path, script: str) -> None:
    result = run(bare_path, script)
    assert result.returncode != 0
    assert "Missing tools:" in result.stderr


def test_a_tool_that_is_too_old_is_told(bare_path: Path) -> None:
    fake(bare_path, "terraform", "Terraform v1.8.5")
    fake(bare_path, "cargo", "cargo 1.70.0 (7fe40dc8c 2023-04-27)")
    result = run(bare_path, "parts/toolchain.sh", "terraform", "cargo")
    assert "found 1.8.5" in result.stderr
    assert "found 1.70.0" in result.stderr


def test_a_tool_that_is_new_enough_is_not(bare_path: Path) -> None:
    fake(bare_path, "terraform", "Terraform v1.10.0-rc1")
    fake(bare_path, "cargo", "cargo 2.0.0")
    assert run(bare_path, "parts/toolchain.sh", "terraform", "cargo").returncode == 0
