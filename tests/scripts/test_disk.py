"""A disk without room is reported before the work, with the remedy."""

from pathlib import Path

import pytest
from program import disk


def test_a_disk_without_room_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(disk.DiskError, match=rf"needs 1e\+09 GB of free disk, and {tmp_path} has [0-9.]+ GB.*cargo clean"):
        disk.ask(tmp_path, 1e9)


def test_a_disk_with_room_is_not(tmp_path: Path) -> None:
    disk.ask(tmp_path, 0)
