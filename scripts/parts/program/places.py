"""Directories that a person names to write to."""

import os
from pathlib import Path


class PlaceError(Exception):
    pass


def writable(directory: Path) -> Path:
    """Makes the directory unless it is there; a fault shows before hours are spent on its contents."""
    directory = directory.absolute()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlaceError(
            f"{directory} cannot be written to: {error.strerror} ({error.filename}); give another directory"
        ) from error
    if not os.access(directory, os.W_OK | os.X_OK):
        raise PlaceError(f"{directory} cannot be written to: there is no permission; give another directory")
    return directory
