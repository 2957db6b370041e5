"""Archives that are the same bytes for the same contents."""

import gzip
import io
import stat
import tarfile
import zipfile
from pathlib import Path


def write_zip(contents: dict[str, bytes], archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in sorted(contents.items()):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            # A zip in it is compressed already.
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".zip") else zipfile.ZIP_DEFLATED
            file.writestr(entry, content, compresslevel=9)


def write_tar(contents: dict[str, tuple[bytes, int]], archive: Path, level: int = 9) -> None:
    """Gzipped; each with its mode, and nothing about the user who writes it."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as file:
        for name, (content, mode) in sorted(contents.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            file.addfile(entry, io.BytesIO(content))
    archive.write_bytes(gzip.compress(raw.getvalue(), compresslevel=level, mtime=0))
