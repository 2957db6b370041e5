"""The control item is updated: one that is replaced loses its overrides."""

import re

import pytest
import sources
from program.paths import ROOT

pytestmark = pytest.mark.quick


def test_nobody_is_told_to_replace_the_control_item() -> None:
    replaces = re.compile(r"put[-_]item(?:[^\n]|\\\n|\n\s+)*?\bcontrol\b", re.IGNORECASE)
    for path in sources.files():
        if path.suffix in (".md", ".tf", ".json", ".tftpl", ".sh") or path == ROOT / "scripts/parts/demo/kept.py":
            found = replaces.search(path.read_text())
            assert not found, f"{path}: {found[0]}"
