"""The texts of the work tree, read once."""

import functools
from collections.abc import Iterator

import sources
from program.paths import ROOT


@functools.cache
def texts() -> dict[str, str]:
    """Of every tracked file and every new one, by its path from the root."""
    return dict(_read())


def _read() -> Iterator[tuple[str, str]]:
    for path in sources.files():
        try:
            yield str(path.relative_to(ROOT)), path.read_text()
        except UnicodeDecodeError:
            continue  # a picture, an archive


def documents() -> dict[str, str]:
    return {name: text for name, text in texts().items() if name.endswith(".md")}


def code() -> dict[str, str]:
    """Files with comments."""
    suffixes = (".rs", ".py", ".tf", ".hcl", ".sh", ".js", ".toml", ".in", ".tftpl", ".mutation")
    return {name: text for name, text in texts().items() if name.endswith(suffixes) or text.startswith("#!")}
