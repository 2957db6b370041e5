"""The functions' zips of several machines, as one directory: each machine builds for its own architecture."""

import json
import shutil
from pathlib import Path

from build import zips
from build.handlers import PROTOCOL

from release.error import ReleaseError

MANIFEST = "handlers.json"
# The module's own default, and so the architecture of a release that names none.
USUAL = "arm64"


def _read(directory: Path) -> dict:
    file = directory / MANIFEST
    if not file.is_file():
        raise ReleaseError(f"{directory} has no {MANIFEST}: give a directory that scripts/build made")
    return json.loads(file.read_text())


def merge(directories: list[Path], version: str, into: Path) -> dict:
    """Copies the zips, each looked at; returns one manifest for all of them."""
    merged: dict = {"version": version, "protocol": PROTOCOL, "handlers": {}}
    into.mkdir(parents=True, exist_ok=True)
    for directory in directories:
        manifest = _read(directory)
        for name, ours in (("version", version), ("protocol", PROTOCOL)):
            if manifest[name] != ours:
                raise ReleaseError(
                    f"{directory} has zips of {name} {manifest[name]}, and this release has {name} {ours}: build them again"
                )
        for handler, builds in manifest["handlers"].items():
            for architecture, entry in builds.items():
                known = merged["handlers"].setdefault(handler, {})
                if known.get(architecture, entry) != entry:
                    raise ReleaseError(f"{handler} for {architecture} is given twice, and differs: leave out {directory}")
                zip_ = directory / entry["file"]
                if not zip_.is_file() or zips.sha256(zip_) != entry["sha256"]:
                    raise ReleaseError(f"{zip_} is not the zip that {MANIFEST} beside it names: build {directory} again")
                shutil.copyfile(zip_, into / zip_.name)
                known[architecture] = entry
    _check_complete(merged)
    return merged


def only(directory: Path, manifest: dict, architecture: str, into: Path) -> Path:
    """Copies those of one architecture, with a manifest that names no others."""
    into.mkdir(parents=True)
    own = {handler: {architecture: builds[architecture]} for handler, builds in manifest["handlers"].items()}
    for builds in own.values():
        name = builds[architecture]["file"]
        shutil.copyfile(directory / name, into / name)
    (into / MANIFEST).write_text(json.dumps({**manifest, "handlers": own}, indent=2, sort_keys=True) + "\n")
    return into


def architectures(manifest: dict) -> list[str]:
    return sorted({architecture for builds in manifest["handlers"].values() for architecture in builds})


def _check_complete(manifest: dict) -> None:
    for architecture in architectures(manifest):
        lacking = [handler for handler, builds in manifest["handlers"].items() if architecture not in builds]
        if lacking:
            raise ReleaseError(
                f"there is no {' and no '.join(sorted(lacking))} for {architecture}, but other functions for it: build all"
            )
