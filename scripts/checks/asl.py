"""State machine definitions, checked by asl-validator: the examples' own, and with a run's overlay on top; the modules' own."""

import re
import shutil
import tempfile
from pathlib import Path

from pipeline import node_packages, overlay
from pipeline.paths import ROOT
from pipeline.venvs import REQUIREMENTS

from checks import sources
from checks.part import WORK, Counts, check


def run() -> Counts:
    validator = _install()
    counts = Counts()
    WORK.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="asl-", dir=WORK) as directory:
        for path in sources.files():
            if path.name.endswith(".asl.json"):
                name = str(path.relative_to(ROOT))
                counts += check(f"asl-validator {name}", [str(validator), "--json-path", str(path)])
                overlaid = Path(shutil.copy(path, directory))
                overlay.lay(overlaid, (2, 3))
                counts += check(f"asl-validator {name}, with the overlay", [str(validator), "--json-path", str(overlaid)])
            elif path.name.endswith(".asl.json.tftpl"):
                rendered = Path(directory) / path.name.removesuffix(".tftpl")
                rendered.write_text(_rendered(path.read_text()))
                counts += check(f"asl-validator {path.relative_to(ROOT)}", [str(validator), "--json-path", str(rendered)])
    return counts


def _rendered(template: str) -> str:
    """Terraform's template with some value in every place: 1 for a number, and in a text what may be a partition."""
    numbers = re.sub(r'(?<=": )\$\{\w+\}', "1", template)
    return re.sub(r"\$\{\w+\}", "aws", numbers)


def _install() -> Path:
    return node_packages.ensure("asl-validator", REQUIREMENTS / "asl") / "node_modules/.bin/asl-validator"
