"""The operator's program, compiled for this machine: `python -m build.operators PROFILE` compiles it and no more."""

import functools
import sys
from pathlib import Path

from program.locks import exclusive
from program.paths import TOOLS

from build import handlers, targets

NAME = "spillway"
PACKAGE = "operator"


@functools.cache
def program(profile: str = "dev") -> Path:
    """Its path. What a test run has compiled already is not compiled again."""
    # dev builds what a test run builds, so that the two share every compiled dependency.
    packages = ["--workspace", "--bins"] if profile == "dev" else ["--package", PACKAGE]
    with exclusive(TOOLS / "build.lock"):
        return handlers.executables(targets.native(), profile, packages, [NAME])[NAME]


if __name__ == "__main__":
    program(sys.argv[1])
