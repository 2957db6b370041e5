"""The handlers' metrics, as their code has them: the fields of each `counts.rs`, with what is said of them."""

import json
import re

from program.paths import ROOT

FILE = ROOT / "terraform/data/metrics.json"

_FIELD = re.compile(r"((?:^    (?:///[^\n]*|#\[.*\])\n)*)^    pub (\w+): ", re.MULTILINE)


def of_handlers() -> dict[str, dict[str, str]]:
    """What each handler counts: the metric's name, and what it is."""
    sources = sorted(ROOT.glob("handlers/*/src/counts.rs"))
    return {path.parents[1].name: fields(path.read_text()) for path in sources}


def fields(source: str) -> dict[str, str]:
    """By the name that serde gives a field."""
    return dict(sorted((_metric(name), _said(above)) for above, name in _FIELD.findall(source)))


def _metric(field: str) -> str:
    return "".join(word.capitalize() for word in field.split("_"))


def _said(above: str) -> str:
    return " ".join(re.findall(r"/// ?(.*)", above))


def text() -> str:
    return json.dumps(of_handlers(), indent=2) + "\n"
