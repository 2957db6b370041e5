"""Every module that is run as `python -m MODULE` is there."""

import ast
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import sources
from program.paths import PYTHONPATH, ROOT

pytestmark = pytest.mark.quick

# Of Python, and of the venvs; and a mark of pytest, whose option is called so too.
OTHERS = {"awslambdaric", "pip", "pytest", "venv", "quick"}
# Its own directory is on the path at its start.
BESIDE = {"inside_moto": ROOT / "tests/second_opinion"}


def modules(text: str) -> Iterator[str]:
    """Those that follow "-m" in a list or a tuple."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.List | ast.Tuple):
            texts = [item.value if isinstance(item, ast.Constant) else None for item in node.elts]
            yield from (module for option, module in pairwise(texts) if option == "-m" and isinstance(module, str))


def is_there(module: str) -> bool:
    places = [*map(Path, PYTHONPATH.split(os.pathsep)), BESIDE.get(module, ROOT / "scripts/parts")]
    name = module.replace(".", "/")
    return any((place / f"{name}.py").exists() or (place / name / "__main__.py").exists() for place in places)


def test_a_module_that_follows_the_option_is_found() -> None:
    assert list(modules('run([python, "-m", "a.b", "--c"]); x = ("-m", name)')) == ["a.b"]
    assert is_there("build")
    assert not is_there("pipeline.build")


def test_every_module_that_is_run_is_there() -> None:
    run = {(path.relative_to(ROOT), module) for path in sources.python_files() for module in modules(path.read_text())}
    assert len(run) > 5
    assert [(str(path), module) for path, module in run if module not in OTHERS and not is_there(module)] == []


def test_every_script_runs_a_module_that_is_there() -> None:
    lines = [line for script in (ROOT / "scripts").iterdir() if script.is_file() for line in script.read_text().splitlines()]
    run = [line.split("run.sh")[1].split()[1] for line in lines if "run.sh" in line]
    assert len(run) >= 8
    assert [module for module in run if not is_there(module)] == []
