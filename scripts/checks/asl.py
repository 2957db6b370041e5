"""State machine definitions, checked by asl-validator: the examples' own, and with a run's overlay on top; the modules' own."""

import hashlib
import re
import shutil
import tempfile
from pathlib import Path

from pipeline import overlay, processes
from pipeline.locks import exclusive
from pipeline.paths import ROOT, TOOLS
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
    files = [REQUIREMENTS / "asl" / name for name in ("package.json", "package-lock.json")]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    home = TOOLS / f"asl-validator-{digest}"
    complete = home / "complete"
    with exclusive(TOOLS / "asl-validator.lock"):
        if not complete.exists():
            print("  installing asl-validator into target/ (once) …", flush=True)
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            for file in files:
                shutil.copy(file, home)
            options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
            if processes.run(["npm", "ci", *options], cwd=home).returncode != 0:
                raise RuntimeError("npm ci failed: is the package registry reachable?")
            complete.touch()
    return home / "node_modules/.bin/asl-validator"
