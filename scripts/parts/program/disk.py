"""Room on the disk, asked for before the work: a disk that fills up in the middle says nothing more."""

import shutil
from pathlib import Path

GIGABYTE = 1_000_000_000


class DiskError(Exception):
    pass


def ask(place: Path, needed_gb: float) -> None:
    """Raises DiskError if `place` has less free disk than `needed_gb` gigabytes."""
    free = shutil.disk_usage(place).free
    if free < needed_gb * GIGABYTE:
        raise DiskError(
            f"needs {needed_gb:g} GB of free disk, and {place} has {free / GIGABYTE:.1f} GB. "
            "Make room; `cargo clean` removes the files of earlier builds in target/"
        )
