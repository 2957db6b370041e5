"""Python environments below target/tools, each from a requirements file that pins every hash."""

import hashlib
import shutil
import sys
from pathlib import Path

from program import entry, processes
from program.locks import exclusive
from program.paths import SCRIPTS, TOOLS

REQUIREMENTS = SCRIPTS / "requirements"
_LAYERS = {
    "emulator": ("emulator.txt",),
    "checks": ("emulator.txt", "checks.txt"),
    "policy": ("policy.txt",),
    "peer": ("peer.txt",),
    "moto": ("moto.txt",),
    "release": ("release.txt",),
    "site": ("site.txt",),
}


class VenvError(Exception):
    pass


def ensure(name: str) -> Path:
    """Makes the environment unless it is there, and returns its interpreter.

    Its directory carries a hash of its contents, so that nobody's environment is taken away while it is in use.
    """
    layers = [REQUIREMENTS / layer for layer in _LAYERS[name]]
    digest = hashlib.sha256(repr((sys.version_info[:3], sys.base_prefix, str(TOOLS))).encode())
    for layer in layers:
        digest.update(layer.read_bytes())
    home = TOOLS / f"python-{name}-{digest.hexdigest()[:12]}"
    python = home / "bin/python"
    complete = home / "complete"
    with exclusive(TOOLS / f"python-{name}.lock"):
        if complete.exists():
            return python
        print(f"installing {', '.join(_LAYERS[name])} into target/ (once) …", file=sys.stderr, flush=True)
        shutil.rmtree(home, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(home)])
        for layer in layers:
            install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run([*install, "--require-hashes", "--requirement", str(layer)])
        complete.touch()
    return python


def use(name: str) -> None:
    """Lets this process import the modules of that environment, which it makes unless it is there."""
    home = ensure(name).parents[1]
    # First, so that no other version comes before it.
    sys.path.insert(0, str(home / "lib/python{}.{}/site-packages".format(*sys.version_info)))


def _run(command: list[str]) -> None:
    if processes.run(command).returncode != 0:
        raise VenvError(
            f"{' '.join(command)} failed: the Python environment could not be made. Look whether the package index can be reached"
        )


def main(arguments: list[str]) -> int:
    print(ensure(arguments[0]))
    return 0


if __name__ == "__main__":
    entry.run("tools.venvs", main, VenvError)
