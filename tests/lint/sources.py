"""The files of the work tree, as git sees them: an ignored file is none of ours."""

import subprocess
from pathlib import Path

from program.paths import ROOT


def files() -> list[Path]:
    """Tracked ones and new ones."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    paths = {ROOT / name.decode() for name in listed.stdout.split(b"\0") if name}
    return sorted(path for path in paths if path.is_file())


def shell_scripts() -> list[Path]:
    def is_script(path: Path) -> bool:
        with path.open("rb") as file:
            first = file.readline()
        return path.suffix == ".sh" or (first.startswith(b"#!") and first.rstrip().endswith((b"/bash", b" bash", b"/sh", b" sh")))

    return [path for path in files() if is_script(path)]


def python_files() -> list[Path]:
    return [path for path in files() if path.suffix == ".py"]
