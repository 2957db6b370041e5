"""Directories that a person names to write to."""

import os
import subprocess
from pathlib import Path

import pytest
from build import targets
from program import places
from program.paths import SCRIPTS
from release import workspace

ARGUMENTS = {
    "build": ["--arch", targets.host_architecture()],
    "bench": ["--quick"],
    "release": [workspace.version(), "--repository", "me/spillway"],
}


@pytest.fixture(params=["a file in the way", "a file above it", "where nothing can be made"])
def impossible(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.touch()
    return {
        "a file in the way": file,
        "a file above it": file / "below",
        "where nothing can be made": Path("/proc/nothing/here"),
    }[request.param]


@pytest.mark.parametrize("script", ARGUMENTS)
def test_a_place_that_cannot_be_written_to_is_told_in_one_line(script: str, impossible: Path) -> None:
    command = [str(SCRIPTS / script), *ARGUMENTS[script], "--out", str(impossible)]
    # Told before the compiler is asked.
    ended = subprocess.run(command, env={**os.environ, "CARGO_TARGET_DIR": "/dev/null"}, capture_output=True, text=True)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"scripts/{script}: {impossible} cannot be written to: ")


def test_so_is_one_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests can be run by root, who is allowed everything.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(places.PlaceError, match="no permission"):
        places.writable(tmp_path)
    assert places.writable(tmp_path / "new" / "deep").is_dir()
