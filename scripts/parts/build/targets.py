"""The targets that this machine can compile the handlers for, and the tools that it lacks for the rest."""

import dataclasses
import os
import shutil
import subprocess
from pathlib import Path

ARCHITECTURES = {"x86_64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}
# Lambda's provided.al2023 brings this glibc: a binary that asks for a newer one does not start there.
GLIBC = (2, 34)


@dataclasses.dataclass
class Target:
    """How to compile for one architecture. With anything in `missing` it cannot be done here."""

    architecture: str
    triple: str
    command: list[str]
    environment: dict[str, str]
    missing: list[str]


def host() -> str:
    report = subprocess.run(["rustc", "--version", "--verbose"], check=True, capture_output=True, text=True).stdout
    return next(line.split()[1] for line in report.splitlines() if line.startswith("host:"))


def host_architecture() -> str:
    """The architecture on which the emulator runs the handlers."""
    return "arm64" if os.uname().machine in ("arm64", "aarch64") else "x86_64"


def native() -> Target:
    """This machine itself, with any system: for programs that a person runs."""
    return Target(host_architecture(), host(), ["build"], {}, [])


def find(architecture: str) -> Target:
    triple = ARCHITECTURES[architecture]
    if triple == host():
        return Target(architecture, triple, ["build"], {}, [])
    missing = []
    library = subprocess.run(["rustc", "--print", "target-libdir", "--target", triple], capture_output=True, text=True)
    if library.returncode != 0 or not Path(library.stdout.strip()).is_dir():
        missing.append(f"Rust's standard library for {triple}: rustup target add {triple}")
    gcc = triple.replace("-unknown", "") + "-gcc"
    command, environment = [], {}
    if shutil.which(gcc):
        command = ["build", "--target", triple]
        environment = {
            f"CARGO_TARGET_{triple.upper().replace('-', '_')}_LINKER": gcc,
            f"CC_{triple.replace('-', '_')}": gcc,
        }
    elif shutil.which("cargo-zigbuild"):
        command = ["zigbuild", "--target", f"{triple}.{GLIBC[0]}.{GLIBC[1]}"]
    else:
        missing.append(
            f"a C compiler and linker for {triple}: apt-get install gcc-{triple.replace('-unknown', '').replace('_', '-')}"
            " (Debian, Ubuntu), or anywhere: python3 -m pip install cargo-zigbuild"
        )
    return Target(architecture, triple, command, environment, missing)
