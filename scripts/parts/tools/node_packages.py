"""Node.js packages below target/tools, each set from a package-lock.json that pins every hash."""

import hashlib
import shutil
from pathlib import Path

from program import processes
from program.locks import exclusive
from program.paths import TOOLS

LOCK = ("package.json", "package-lock.json")


def ensure(name: str, directory: Path, files: tuple[str, ...] = ()) -> Path:
    """Installs the packages of the lock in `directory` unless they are there, with `files` beside them, and returns the place."""
    copied = [directory / file for file in (*LOCK, *files)]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in copied)).hexdigest()[:12]
    home = TOOLS / f"{name}-{digest}"
    complete = home / "complete"
    with exclusive(TOOLS / f"{name}.lock"):
        if not complete.exists():
            print(f"  installing {name} into target/ (once) …", flush=True)
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            for file in copied:
                shutil.copy(file, home)
            options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
            if processes.run(["npm", "ci", *options], cwd=home).returncode != 0:
                raise RuntimeError(f"npm ci failed in {home}: look whether the package registry can be reached")
            complete.touch()
    return home
