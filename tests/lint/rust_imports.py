"""Which module of a Rust crate needs which other one, by the paths in its text: `crate`, `super`, `self`, a module below."""

import dataclasses
import re
from collections.abc import Iterator, Mapping

# A module by its names below the crate's root, which is ().
Module = tuple[str, ...]

_NOT_CODE = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | \bb?r(?P<hashes>\#*)".*?"(?P=hashes) | "(?:\\.|[^"\\])*" | '(?:\\[^']+|[^'\\])'""",
    re.DOTALL | re.VERBOSE,
)
_ROOT = re.compile(r"(?:^|/)(?:src/(?:lib|main)|(?:src/bin|tests|benches|fuzz_targets)/(?:\w+|\w+/main))\.rs$")
_DECLARED = re.compile(r"\bmod\s+(\w+)\s*;")
_TEST = re.compile(r"#\[cfg\(test\)\]\s*")
_ATTRIBUTE = re.compile(r"#!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]")
_USE = re.compile(r"\buse\s+(?P<tree>[^;]+);")
_PATH = re.compile(r"(?<![\w:>])(\w+(?:\s*::\s*\w+)+)")
_DEFINED = r"\b(?:struct|enum|union|trait|type|fn|const|static|mod|macro_rules!)\s+{name}\b"


@dataclasses.dataclass(frozen=True)
class Use:
    """A name that a module takes from elsewhere; "*" are all names."""

    path: tuple[str, ...]
    name: str


@dataclasses.dataclass(frozen=True)
class Source:
    uses: tuple[Use, ...]
    # Without them.
    code: str


def without_tests(text: str) -> str:
    """The code, without comments, texts, attributes and code that is only compiled for tests."""
    code = _NOT_CODE.sub(" ", text)
    while found := _TEST.search(code):
        code = code[: found.start()] + code[_end_of_item(code, found.end()) :]
    return _ATTRIBUTE.sub(" ", code)


def _end_of_item(code: str, start: int) -> int:
    depth = 0
    for found in re.compile(r"[{};]").finditer(code, start):
        if found.group() == ";" and depth == 0:
            return found.end()
        depth += {"{": 1, "}": -1, ";": 0}[found.group()]
        if found.group() == "}" and depth == 0:
            return found.end()
    return len(code)


def read(text: str) -> Source:
    code = without_tests(text)
    uses = []
    for found in _USE.finditer(code):
        tree = re.sub(r"\s*([:{},*])\s*", r"\1", " ".join(found["tree"].split()))
        uses += [Use(path, name) for path, name in _leaves(tree)]
    return Source(tuple(uses), _USE.sub(" ", code))


def _leaves(tree: str, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every path of a use tree, and the name by which it is known."""
    if "{" in tree and tree.endswith("}"):
        head, _, inner = tree[:-1].partition("{")
        for branch in _branches(inner):
            yield from _leaves(branch, (*before, *(name for name in head.split("::") if name)))
        return
    path, _, known_as = tree.partition(" as ")
    names = (*before, *(name for name in path.split("::") if name))
    if names[-1] == "self":
        names = names[:-1]
    yield names, known_as or names[-1]


def _branches(inner: str) -> Iterator[str]:
    depth, branch = 0, ""
    for character in inner:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield branch
            branch = ""
        else:
            branch += character
    if branch:
        yield branch


def crates(texts: Mapping[str, str]) -> dict[str, dict[Module, str]]:
    """The modules of each crate, by the path of its root: a library, a program, or a file of tests."""
    return {path: dict(_modules(texts, path)) for path in texts if _ROOT.search(path)}


def _modules(texts: Mapping[str, str], root: str) -> Iterator[tuple[Module, str]]:
    home = root.rpartition("/")[0]
    todo: list[tuple[Module, str]] = [((), root)]
    while todo:
        module, path = todo.pop()
        yield module, texts[path]
        for name in _DECLARED.findall(without_tests(texts[path])):
            below = "/".join([home, *module, name])
            todo += [((*module, name), file) for file in (f"{below}.rs", f"{below}/mod.rs") if file in texts]


def graph(texts: Mapping[Module, str]) -> dict[Module, set[Module]]:
    """For each module of a crate those beside it that it needs: the modules that define its names, however they come there.

    The modules below a module are part of it: its needs are those of all of them. It is allowed to name those above it.
    """
    sources = {module: read(text) for module, text in texts.items()}
    needs: dict[Module, set[Module]] = {module: set() for module in sources}
    for module, source in sources.items():
        named = [use.path for use in source.uses] + [tuple(re.split(r"\s*::\s*", path)) for path in _PATH.findall(source.code)]
        for home in {_home(sources, module, path) for path in named} - {None}:
            shared = next((place for place, (one, other) in enumerate(zip(module, home)) if one != other), None)
            if shared is not None:
                needs[module[: shared + 1]].add(home[: shared + 1])
    return needs


def _home(sources: Mapping[Module, Source], module: Module, path: tuple[str, ...], seen: frozenset = frozenset()) -> Module | None:
    """The module that defines the name of a path; None if it is another crate's."""
    if path[0] == "crate":
        at, rest = (), path[1:]
    elif path[0] == "self":
        at, rest = module, path[1:]
    elif path[0] == "super":
        ups = next((place for place, name in enumerate(path) if name != "super"), len(path))
        at, rest = module[: max(0, len(module) - ups)], path[ups:]
    elif (*module, path[0]) in sources:
        at, rest = module, path
    else:
        return None
    while rest and (*at, rest[0]) in sources:
        at, rest = (*at, rest[0]), rest[1:]
    if not rest or at not in sources or (at, rest[0]) in seen:
        return at
    for use in sources[at].uses:
        if use.name == rest[0]:
            home = _home(sources, at, use.path, seen | {(at, rest[0])})
            return at if home is None else home
    for use in sources[at].uses:
        if use.name == "*":
            target = _home(sources, at, use.path[:-1], seen | {(at, rest[0])})
            if target is not None and re.search(_DEFINED.format(name=re.escape(rest[0])), sources[target].code):
                return target
    return at
