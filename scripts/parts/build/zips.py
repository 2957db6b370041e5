"""Zips for AWS Lambda that are the same bytes for the same binary."""

import base64
import hashlib
import os
import re
import stat
import zipfile
from pathlib import Path


def pack(binary: Path, archive: Path, level: int = 9) -> None:
    """Writes a zip with one entry, `bootstrap`; a reader of the path sees the old or the new file, whole."""
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = (stat.S_IFREG | 0o755) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    unfinished = archive.with_name(f".{archive.name}.{os.getpid()}")
    with zipfile.ZipFile(unfinished, "w") as file:
        file.writestr(entry, binary.read_bytes(), compresslevel=level)
    unfinished.replace(archive)


def sha256(archive: Path) -> str:
    """In base64, as Lambda and Terraform write it."""
    return base64.b64encode(hashlib.sha256(archive.read_bytes()).digest()).decode()


def newest_glibc(binary: Path) -> tuple[int, ...]:
    """The newest glibc whose symbols the binary asks for."""
    versions = re.findall(rb"\0GLIBC_(\d+)\.(\d+)(?:\.\d+)?\0", binary.read_bytes().replace(b"\0", b"\0\0"))
    return max(((int(major), int(minor)) for major, minor in versions), default=(0, 0))
