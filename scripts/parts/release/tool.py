"""The operator's tool as an archive for this machine."""

import json
import os
import subprocess
from pathlib import Path

from build import handlers, targets
from program import processes
from program.locks import exclusive
from program.paths import ROOT, TOOLS

from release import archives, workspace
from release.error import ReleaseError

PROGRAM = "spillway"


def archive_name(version: str) -> str:
    return f"{PROGRAM}-{version}-{targets.host()}.tar.gz"


def build(version: str, into: Path) -> Path | None:
    """Compiles and packs it; none if the workspace has no such program."""
    package = workspace.tool()
    if package is None:
        return None
    arguments = ["build", "--locked", "--profile", "release", "--package", package, "--bin", PROGRAM]
    command = ["cargo", *arguments, "--message-format", "json-render-diagnostics"]
    with exclusive(TOOLS / "build.lock"):
        result = processes.run(command, cwd=ROOT, env={**os.environ, **handlers.placeless()}, stdout=subprocess.PIPE, text=True)
        if result.returncode != 0:
            raise ReleaseError(f"cargo {' '.join(arguments)} failed")
        messages = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
        (binary,) = [Path(message["executable"]) for message in messages if message.get("executable")]
        archive = into / archive_name(version)
        contents = {PROGRAM: (binary.read_bytes(), 0o755), "LICENSE": ((ROOT / "LICENSE").read_bytes(), 0o644)}
        archives.write_tar(contents, archive)
    return archive
