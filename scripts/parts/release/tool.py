"""The operator's tool as an archive for this machine."""

from pathlib import Path

from build import handlers, operators, targets
from program.paths import ROOT

from release import archives
from release.error import ReleaseError

# It is downloaded by a person who is in a hurry.
MOST_BYTES = 25_000_000
# The target of each program, and the machine of GitHub's that builds it: each for itself.
MACHINES = {
    "x86_64-unknown-linux-gnu": "ubuntu-22.04",
    "aarch64-unknown-linux-gnu": "ubuntu-22.04-arm",
    "x86_64-apple-darwin": "macos-15-intel",
    "aarch64-apple-darwin": "macos-15",
}


def archive_name(version: str, triple: str) -> str:
    return f"{operators.NAME}-{version}-{triple}.tar.gz"


def build(profile: str, version: str, into: Path) -> Path:
    """Compiles and packs it."""
    binary = operators.program(profile)
    if profile == "release":
        check(binary)
    archive = into / archive_name(version, targets.host())
    contents = {operators.NAME: (binary.read_bytes(), 0o755), "LICENSE": ((ROOT / "LICENSE").read_bytes(), 0o644)}
    archives.write_tar(contents, archive, level=9 if profile == "release" else 1)
    return archive


def check(binary: Path) -> None:
    """Whether others can run it. The tests' build is larger."""
    if (size := binary.stat().st_size) > MOST_BYTES:
        raise ReleaseError(
            f"{binary.name} has {size:,} bytes, and {MOST_BYTES:,} is the most: leave out a dependency, or raise MOST_BYTES"
        )
    if "linux-gnu" in targets.host():
        handlers.check_glibc(binary)
