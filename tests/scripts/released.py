"""The releases that the tests of scripts/release make, and their questions."""

import json
import subprocess
from pathlib import Path

from build import zips
from build.handlers import PROTOCOL
from program.paths import SCRIPTS
from release import workspace

VERSION = workspace.version()
HANDLERS = ("dispatch", "ingest", "reconcile", "settle")
REPOSITORY = "me-and-others/spillway"


def functions(directory: Path, architecture: str, version: str = VERSION, protocol: int = PROTOCOL) -> Path:
    """Zips as scripts/build makes them, of programs that do nothing."""
    directory.mkdir(parents=True)
    manifest: dict = {"version": version, "protocol": protocol, "handlers": {}}
    for handler in HANDLERS:
        (directory / "program").write_bytes(f"{handler} for {architecture}".encode())
        file = directory / f"{handler}-{version}-{architecture}.zip"
        zips.pack(directory / "program", file)
        entry = {"file": file.name, "sha256": zips.sha256(file), "bytes": file.stat().st_size}
        manifest["handlers"][handler] = {architecture: entry}
    (directory / "program").unlink()
    (directory / "handlers.json").write_text(json.dumps(manifest))
    return directory


def release(*arguments: str) -> subprocess.CompletedProcess:
    command = [str(SCRIPTS / "release"), VERSION, "--repository", REPOSITORY, "--allow-dirty", *arguments]
    return subprocess.run(command, capture_output=True, text=True)
