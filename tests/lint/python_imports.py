"""Which Python module needs which other one: imports at the top and inside functions alike."""

import ast
from collections.abc import Iterator, Mapping


def graph(texts: Mapping[str, str]) -> dict[str, set[str]]:
    """For each module, by its dotted name (a package's own text is its `__init__`), those of the others that it imports."""
    return {name: set(_needs(name, text, texts)) - {name} for name, text in texts.items()}


def packages(needs: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The same between packages: a module is of the one in which it lies."""
    between: dict[str, set[str]] = {}
    for name, others in needs.items():
        between.setdefault(_package(name), set()).update(_package(other) for other in others)
    return {package: others - {package} for package, others in between.items()}


def _package(name: str) -> str:
    return name.rpartition(".")[0]


def _needs(name: str, text: str, modules: Mapping[str, str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _known(alias.name, modules)
        elif isinstance(node, ast.ImportFrom):
            above = name.split(".")[: -node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                # A name of the package's own text, if it is none of its modules.
                yield from list(_known(f"{base}.{alias.name}", modules)) or _known(base, modules)


def _known(name: str, modules: Mapping[str, str]) -> Iterator[str]:
    yield from (known for known in (name, f"{name}.__init__") if known in modules)
