"""A root that calls every module with nothing known, as `terraform validate` has it in a module's own directory."""

import re
from pathlib import Path

from program.paths import ROOT

COMPOSITION = "."
MODULES = [COMPOSITION, *sorted(f"modules/{path.name}" for path in (ROOT / "terraform/modules").iterdir() if path.is_dir())]


def write(root: Path, terraform: str) -> None:
    """`terraform`: the modules' path, seen from the root."""
    calls = ['variable "unknown" {\n  type = any\n}\n']
    for module in MODULES:
        sources = "".join(path.read_text() for path in sorted((root / terraform / module).glob("*.tf")))
        variables = re.findall(r'^variable "(\w+)"', sources, re.MULTILINE)
        arguments = "".join(f"  {name} = var.unknown\n" for name in variables)
        calls.append(f'module "{Path(module).name or "composition"}" {{\n  source = "{terraform}/{module}"\n{arguments}}}\n')
    (root / "main.tf").write_text("\n".join(calls))
