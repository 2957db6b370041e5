"""No circle of imports between the modules of a Rust crate, between Python modules, or between their packages."""

import os
from pathlib import PurePath

import pytest
import python_imports
import rust_imports
import tree
from circles import circles
from program.paths import PYTHONPATH, ROOT

pytestmark = pytest.mark.quick


def rust(**texts: str) -> list[list[str]]:
    """The circles of a crate of these files; `__` is a directory."""
    modules = {f"src/{name.replace('__', '/')}.rs": text for name, text in texts.items()}
    crate = rust_imports.crates(modules)["src/lib.rs"]
    return [["::".join(module) for module in group] for group in circles(rust_imports.graph(crate))]


def python_modules(below: str) -> dict[str, str]:
    found = {name: text for name, text in tree.texts().items() if name.startswith(f"{below}/") and name.endswith(".py")}
    return {".".join(PurePath(name).relative_to(below).with_suffix("").parts): text for name, text in found.items()}


def test_two_modules_that_use_each_other_are_a_circle() -> None:
    assert rust(lib="mod a; mod b;", a="use crate::b::B; pub struct A;", b="use super::a::A; pub struct B;") == [["a", "b"]]


def test_a_circle_goes_over_several_modules_and_by_paths_alone() -> None:
    texts = {"a": "use crate::{b::{self, B}, other};", "b": "fn f() { crate::c::g() }", "c": "pub fn g(it: super::a::A) {}"}
    assert rust(lib="mod a; mod b; mod c; mod other;", other="", **texts) == [["a", "b", "c"]]


def test_a_name_that_is_handed_on_is_of_the_module_that_defines_it() -> None:
    lib = "mod a; mod b; pub use a::A; pub use b::*;"
    assert rust(lib=lib, a="use crate::B;", b="use crate::A; pub struct B;") == [["a", "b"]]
    assert rust(lib=lib, a="pub struct A;", b="use crate::A; pub struct B;") == []


def test_a_module_may_name_what_is_above_it() -> None:
    assert rust(lib="mod a; pub struct A; fn f() { a::g() }", a="use crate::A; pub fn g() {}") == []


def test_what_lies_below_a_module_is_part_of_it() -> None:
    below = {"a__mod": "mod b; mod c; use b::B; pub struct A;", "a__b": "use super::A; use super::c::C; pub struct B;"}
    assert rust(lib="mod a; mod d;", d="", a__c="pub struct C; use super::b::B;", **below) == [["a::b", "a::c"]]
    assert rust(lib="mod a; mod d;", d="use crate::a::c::C;", a__c="pub struct C;", **below) == []
    assert rust(lib="mod a; mod d;", d="use crate::a::c::C;", a__c="pub struct C;", **below | {"a__b": "use crate::d;"}) == [
        ["a", "d"]
    ]


@pytest.mark.parametrize(
    "code", ["// use crate::b::B;", 'const A: &str = "crate::b";', "#[cfg(test)] mod tests { use crate::b::B; }"]
)
def test_comments_texts_and_tests_use_nothing(code: str) -> None:
    assert rust(lib="mod a; mod b;", a=code, b="use crate::a::A;") == []


def test_no_crate_has_a_circle() -> None:
    crates = rust_imports.crates({name: text for name, text in tree.texts().items() if name.endswith(".rs")})
    assert {"handlers/spillway/src/lib.rs", "tests/fake-aws/src/lib.rs"} < crates.keys()
    assert len(crates["handlers/spillway/src/lib.rs"]) > 40
    found = {root: circles(rust_imports.graph(modules)) for root, modules in crates.items()}
    assert {root: [["::".join(module) for module in group] for group in groups] for root, groups in found.items() if groups} == {}


def test_every_rust_file_is_of_a_crate() -> None:
    files = {name: text for name, text in tree.texts().items() if name.endswith(".rs")}
    read = [text for modules in rust_imports.crates(files).values() for text in modules.values()]
    # The tests of a module, in a file below it, are declared for tests only.
    tests = {name for name in files if name.endswith("/tests.rs") and declares_tests(files, name)}
    assert sorted(name for name, text in files.items() if text not in read and name not in tests) == []


def declares_tests(files: dict[str, str], name: str) -> bool:
    home = name.removesuffix("/tests.rs")
    return any("#[cfg(test)]\nmod tests;" in files.get(module, "") for module in (f"{home}.rs", f"{home}/mod.rs"))


def test_python_modules_that_import_each_other_are_a_circle() -> None:
    texts = {"p.a": "def f():\n    from p import b", "p.b": "import p.c", "p.c": "from .a import f", "p.__init__": ""}
    assert circles(python_imports.graph(texts)) == [["p.a", "p.b", "p.c"]]


def test_packages_that_import_each_other_are_a_circle() -> None:
    needs = python_imports.graph({"p.a": "from p.q import b", "p.q.b": "", "p.q.c": "from p import d", "p.d": ""})
    assert circles(needs) == []
    assert circles(python_imports.packages(needs)) == [["p", "p.q"]]


def test_no_python_module_and_no_package_is_in_a_circle() -> None:
    places = {"/".join(PurePath(name).parts[:2]) for name in tree.texts() if name.startswith("tests/") and name.endswith(".py")}
    needs = {below: python_imports.graph(python_modules(below)) for below in places}
    # Those that import each other by their names.
    together = [python_modules(str(PurePath(place).relative_to(ROOT))) for place in PYTHONPATH.split(os.pathsep)]
    needs["scripts"] = python_imports.graph({name: text for modules in together for name, text in modules.items()})
    assert "program.paths" in needs["scripts"]["build.__main__"]
    assert "emulator.__init__" in needs["scripts"]["demo.stack"]
    assert "circles" in needs["tests/lint"]["test_circles"]
    for found in needs.values():
        assert circles(found) == []
        assert circles(python_imports.packages(found)) == []
