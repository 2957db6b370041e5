"""The crates' layers: handlers use the shell, the shell uses the core, and the core does no I/O."""

import pytest
import rust_imports
import tomllib
import tree

pytestmark = pytest.mark.quick

HANDLERS = {"dispatch", "settle", "ingest", "reconcile"}
# The crates that the core is built from: data, text, time and hashes.
CORE_NEEDS = {"jiff", "percent-encoding", "regex-lite", "serde", "serde_json", "sha2", "thiserror", "wildmatch"}
# The wings of the core: each imports from those before it only.
WINGS = ["text", "event", "pace", "lane", "record", "execution", "message", "rules", "reconcile", "protocol"]


def needs(crate: str) -> set[str]:
    manifest = tomllib.loads(tree.texts()[f"handlers/{crate}/Cargo.toml"])
    return set(manifest["dependencies"])


def test_the_core_needs_no_runtime_and_no_aws() -> None:
    assert needs("spillway") == CORE_NEEDS


def test_the_shell_needs_the_core_and_no_handler() -> None:
    assert "spillway" in needs("aws")
    assert needs("aws") & HANDLERS == set()


@pytest.mark.parametrize("handler", sorted(HANDLERS))
def test_a_handler_needs_no_other_handler(handler: str) -> None:
    assert needs(handler) & HANDLERS == set()


def test_the_operators_program_uses_the_shell_and_encodes_nothing_by_itself() -> None:
    manifest = tomllib.loads(tree.texts()["scripts/operator/Cargo.toml"])
    # Of the handlers it takes how dispatch is configured, and no more.
    assert set(manifest["dependencies"]) & (HANDLERS | {"aws", "spillway"}) == {"aws", "spillway", "dispatch"}
    sources = {name: text for name, text in tree.texts().items() if name.startswith("scripts/operator/src/")}
    assert "scripts/operator/src/lib.rs" in sources
    assert [name for name, text in sources.items() if "AttributeValue::" in text.replace("MessageAttributeValue::", "")] == []
    assert [name for name, text in sources.items() if "dispatch::" in text.replace("dispatch::config::Config", "")] == []


def test_a_wing_imports_only_from_those_before_it() -> None:
    crates = rust_imports.crates({name: text for name, text in tree.texts().items() if name.endswith(".rs")})
    graph = rust_imports.graph(crates["handlers/spillway/src/lib.rs"])
    imports = {wing[0]: {needed[0] for needed in needed if needed} for wing, needed in graph.items() if len(wing) == 1}
    assert sorted(imports) == sorted(WINGS)
    upwards = {wing: needed - set(WINGS[: WINGS.index(wing)]) for wing, needed in imports.items()}
    assert {wing: needed for wing, needed in upwards.items() if needed} == {}
