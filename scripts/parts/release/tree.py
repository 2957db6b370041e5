"""The module as people install it: the HCL, the functions' zips, and documents with addresses that lead somewhere."""

import re
from pathlib import Path, PurePosixPath

from program.paths import ROOT

from release import workspace
from release.addresses import Addresses, document

# The module's place in the repository.
MODULE = "terraform"
# Beside the module's own files.
_BESIDE = ("LICENSE", "CHANGELOG.md")
# How an example names the module in the repository.
_BY_PATH = re.compile(r'"\.\./\.\./(modules/[\w-]+)?"')


def files(addresses: Addresses, functions: Path) -> dict[str, bytes]:
    """By path from the module's directory. `functions`: the directory of zips and handlers.json."""
    found = {name: _released(Path(name), addresses) for name in _BESIDE}
    for path in workspace.files(MODULE):
        place = PurePosixPath(path.relative_to(MODULE))
        if "tests" not in place.parts:
            found[str(place)] = _released(path, addresses)
    for path in sorted(functions.iterdir()):
        if path.suffix in (".zip", ".json"):
            found[f"dist/{path.name}"] = path.read_bytes()
    return dict(sorted(found.items()))


def _released(path: Path, addresses: Addresses) -> bytes:
    content = (ROOT / path).read_bytes()
    if path.suffix == ".md":
        return document(content.decode(), str(path), MODULE, addresses).encode()
    if path.parts[:2] == (MODULE, "examples") and path.suffix == ".tf":
        # As a copy of the example needs it.
        return _BY_PATH.sub(lambda found: f'"{addresses.source(f"//{found[1]}" if found[1] else "")}"', content.decode()).encode()
    return content
