"""The metrics that Terraform's output names are those that the handlers emit."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def emitted(handler: str) -> set:
    source = (ROOT / "handlers" / handler / "src" / "counts.rs").read_text()
    fields = re.findall(r"^    pub (\w+): ", source, re.MULTILINE)
    return {"".join(word.capitalize() for word in field.split("_")) for field in fields}


def named(handler: str) -> set:
    source = (ROOT / "terraform" / "outputs.tf").read_text()
    metrics = source[source.index("_metrics = {") :]
    names = re.search(rf"{handler} = \[(.*?)\]", metrics, re.DOTALL)
    assert names, f"terraform/outputs.tf names no metrics of {handler}"
    return set(re.findall(r'"(\w+)"', names.group(1)))


@pytest.mark.parametrize("handler", sorted(path.parent.parent.name for path in ROOT.glob("handlers/*/src/counts.rs")))
def test_what_a_handler_emits_is_named(handler: str) -> None:
    assert len(emitted(handler)) > 5
    assert named(handler) == emitted(handler)


def test_what_may_be_absent_is_a_level() -> None:
    source = (ROOT / "handlers/dispatch/src/counts.rs").read_text()
    absent = re.findall(r"^    pub (\w+): Option<", source, re.MULTILINE)
    levels = re.search(r"LEVELS: &\[&str\] = &\[(.*?)\]", source, re.DOTALL)
    assert levels
    assert absent
    assert set(re.findall(r'"(\w+)"', levels.group(1))) == {
        "".join(word.capitalize() for word in field.split("_")) for field in absent
    }
