"""The archive of the operator's tool: the same bytes for the same program."""

import tarfile
from pathlib import Path

from build import targets
from release import archives, tool, workspace


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


def test_without_a_tool_in_the_workspace_nothing_is_built(tmp_path: Path) -> None:
    if workspace.tool() is None:
        assert tool.build(workspace.version(), tmp_path) is None
        assert list(tmp_path.iterdir()) == []
    assert tool.archive_name("1.2.3") == f"spillway-1.2.3-{targets.host()}.tar.gz"
