"""The metrics that Terraform's output names are those that the handlers emit."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def emitted(handler: str) -> set:
    source = (ROOT / "handlers" / handler / "src" / "counts.rs").read_text()
    fields = re.findall(r"^    pub (\w+): ", source, re.MULTILINE)
    return {"".join(word.capitalize() for word in field.split("_")) for field in fields}


def named(handler: str) -> set:
    source = (ROOT / "terraform" / "main.tf").read_text()
    metrics = source[source.index("_metrics = {") :]
    names = re.search(rf"{handler} = \[(.*?)\]", metrics, re.DOTALL)
    assert names, f"terraform/main.tf names no metrics of {handler}"
    return set(re.findall(r'"(\w+)"', names.group(1)))


def test_dispatch():
    assert len(emitted("dispatch")) > 10
    assert named("dispatch") == emitted("dispatch")


def test_settle():
    assert len(emitted("settle")) > 5
    assert named("settle") == emitted("settle")
