"""The zips are the same bytes for the same binary, and in a form that Lambda takes."""

import base64
import hashlib
import stat
import time
import zipfile
from pathlib import Path

from build import zips


def binary(directory: Path) -> Path:
    path = directory / "dispatch"
    path.write_bytes(b"\x7fELF" + bytes(range(256)) * 100)
    return path


def test_the_same_binary_gives_the_same_bytes(tmp_path: Path) -> None:
    zips.pack(binary(tmp_path), tmp_path / "one.zip")
    time.sleep(2.1)  # a zip's times have steps of two seconds
    path = binary(tmp_path)
    path.chmod(0o600)
    zips.pack(path, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_it_has_one_entry_that_can_be_run(tmp_path: Path) -> None:
    zips.pack(binary(tmp_path), tmp_path / "one.zip")
    (entry,) = zipfile.ZipFile(tmp_path / "one.zip").infolist()
    assert entry.filename == "bootstrap"
    assert stat.S_IMODE(entry.external_attr >> 16) == 0o755
    assert entry.date_time == (1980, 1, 1, 0, 0, 0)
    assert entry.create_system == 3


def test_the_hash_is_base64_of_the_zips_sha256(tmp_path: Path) -> None:
    zips.pack(binary(tmp_path), tmp_path / "one.zip")
    expected = hashlib.sha256((tmp_path / "one.zip").read_bytes()).digest()
    assert base64.b64decode(zips.sha256(tmp_path / "one.zip")) == expected


def test_the_newest_glibc_is_found(tmp_path: Path) -> None:
    path = tmp_path / "binary"
    path.write_bytes(b"..\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.9\0..")
    assert zips.newest_glibc(path) == (2, 34)
    path.write_bytes(b"static")
    assert zips.newest_glibc(path) == (0, 0)
