"""The archive of the operator's tool: the same bytes for the same program."""

import re
import tarfile
from pathlib import Path

import pytest
from build import handlers, operators, targets, zips
from program.paths import ROOT
from release import archives, tool, workspace
from release.error import ReleaseError


def test_an_archive_has_its_modes_and_nothing_of_whoever_made_it(tmp_path: Path) -> None:
    for name in ("one", "two"):
        archives.write_tar({"spillway": (b"program", 0o755), "LICENSE": (b"text", 0o644)}, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with tarfile.open(tmp_path / "one") as archive:
        members = archive.getmembers()
        assert archive.extractfile("spillway").read() == b"program"
    assert [(each.name, each.mode, each.mtime, each.uid, each.uname) for each in members] == [
        ("LICENSE", 0o644, 0, 0, ""),
        ("spillway", 0o755, 0, 0, ""),
    ]


def test_the_archive_has_the_program_that_a_test_run_has_compiled(tmp_path: Path) -> None:
    archive = tool.build("dev", "1.2.3", tmp_path)
    assert archive.name == f"spillway-1.2.3-{targets.host()}.tar.gz"
    assert zips.newest_glibc(operators.program("dev")) <= targets.GLIBC
    with tarfile.open(archive) as packed:
        assert packed.extractfile("spillway").read() == operators.program("dev").read_bytes()


def test_each_system_has_a_machine_that_builds_for_it_and_a_name_on_the_page() -> None:
    workflow = (ROOT / ".github/workflows/release.yml").read_text()
    page = (ROOT / "docs/guide/install.md").read_text()
    functions = re.findall(r"^ +machine: ([\w.-]+)$", workflow, re.MULTILINE)
    others = re.search(r"^ +machine: \[(.*)\]$", workflow, re.MULTILINE)[1].split(", ")
    assert {*functions, *others} == set(tool.MACHINES.values())
    for machine in others:
        assert f"--tools target/parts/{machine}" in workflow
    for triple in tool.MACHINES:
        assert f"`{tool.archive_name(workspace.version(), triple)}`" in page


def test_what_others_cannot_run_or_wait_for_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "spillway"
    program.write_bytes(bytes(tool.MOST_BYTES + 1))
    with pytest.raises(ReleaseError, match="spillway has 25,000,001 bytes, and 25,000,000 is the most"):
        tool.check(program)
    program.write_bytes(b"\0GLIBC_2.35\0")
    with pytest.raises(handlers.BuildError, match=r"glibc 2\.35"):
        tool.check(program)
