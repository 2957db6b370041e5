"""Cargo's facts about the workspace, and git's about the work tree."""

import json
import os
import re
import subprocess
from pathlib import Path

from program import processes
from program.paths import ROOT

from release.error import ReleaseError


def _said(name: str) -> str:
    """A value of [workspace.package]. Python 3.10 cannot read TOML yet."""
    text = (ROOT / "Cargo.toml").read_text().split("[workspace.package]")[1]
    return re.search(rf'^{name} = "(.*)"$', text, re.MULTILINE)[1]


def version() -> str:
    return _said("version")


def repository() -> str:
    """OWNER/NAME, of the one place that has the address."""
    return _said("repository").removeprefix("https://github.com/")


def checksums() -> dict[tuple[str, str], str]:
    """The SHA-256 of each crate of the registry, by name and version."""
    lock = (ROOT / "Cargo.lock").read_text()
    found = re.findall(r'^name = "(.*)"\nversion = "(.*)"\nsource = ".*"\nchecksum = "(.*)"$', lock, re.MULTILINE)
    return {(name, version): digest for name, version, digest in found}


def metadata(triple: str) -> dict:
    """Every package with its dependencies when it is compiled for that machine."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", triple]
    result = processes.run(command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        raise ReleaseError("cargo metadata --locked failed, see above: run cargo check, and commit Cargo.lock")
    return json.loads(result.stdout)


def files(under: str) -> list[Path]:
    """Tracked files below a directory, from the root."""
    return [Path(name) for name in _git("ls-files", "-z", "--cached", "--others", "--exclude-standard", under).split("\0") if name]


def uncommitted() -> list[str]:
    return [line[3:] for line in _git("status", "--porcelain").splitlines()]


def _git(*arguments: str) -> str:
    result = processes.run(["git", *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        raise ReleaseError(f"git {arguments[0]} failed: {result.stderr.strip()}")
    return result.stdout


def check_version(wanted: str) -> None:
    if not re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", wanted):
        raise ReleaseError(f"{wanted} is no version: give MAJOR.MINOR.PATCH, such as {version()}")
    if wanted != version():
        raise ReleaseError(
            f"Cargo.toml has version {version()}: change it to {wanted} there, run cargo check, and commit both files"
        )
