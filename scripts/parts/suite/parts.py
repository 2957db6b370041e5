"""The parts of scripts/test: the jobs of each, and its needs."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Part:
    name: str
    what: str
    # Names that toolchain.sh knows.
    tools: tuple[str, ...]
    # Some of its tests belong to --quick.
    quick: bool = True
    # Its tests wait more than they compute: for an emulator, for the AWS provider.
    waits: bool = False


RUST = Part("rust", "Rust: unit and property tests, simulation, model", ("cargo", "cc"))
E2E = Part("e2e", "end to end, on emulators", ("cargo", "cc", "terraform", "jq"), quick=False, waits=True)
PARTS = (
    RUST,
    Part("lint", "formatting, lints, licences, documents", ("cargo", "cc", "rustfmt", "clippy", "terraform", "node")),
    Part("terraform", "modules, examples, rules, policy scan, state machine definitions", ("terraform", "node")),
    Part("scripts", "the scripts themselves", ("cargo", "cc", "terraform"), quick=False, waits=True),
    Part("emulator", "the emulator, and the additions to it", (), quick=False, waits=True),
    Part("second_opinion", "the handlers against another AWS, moto's", ("cargo", "cc"), quick=False, waits=True),
    E2E,
)
BY_NAME = {part.name: part for part in PARTS}
