"""The metrics that Terraform's output names are those that the handlers emit."""

import json
import re

import metrics
import pytest
from program.paths import ROOT

pytestmark = pytest.mark.quick


def test_what_is_written_from_the_handlers_is_up_to_date() -> None:
    assert metrics.FILE.read_text() == metrics.text(), "run scripts/variables"


def test_every_handler_has_metrics_and_says_what_each_is() -> None:
    handlers = {path.parents[1].name for path in ROOT.glob("handlers/*/src/main.rs")}
    written = json.loads(metrics.FILE.read_text())
    assert written.keys() == handlers
    for handler, said in written.items():
        source = (ROOT / "handlers" / handler / "src/counts.rs").read_text()
        assert len(said) == len(re.findall(r"^ {4}pub \w+: ", source, re.MULTILINE)) > 5
        assert [name for name, what in said.items() if not what.endswith(".")] == []


def test_a_field_is_named_as_serde_names_it_and_has_what_is_said_of_it() -> None:
    source = (
        "pub struct Counts {\n    /// Rows sent\n    /// again.\n    pub sent_again: u32,\n"
        '    /// Slots.\n    #[serde(skip_serializing_if = "Option::is_none")]\n    pub slots: Option<u32>,\n}\n'
    )
    assert metrics.fields(source) == {"SentAgain": "Rows sent again.", "Slots": "Slots."}


def test_what_may_be_absent_is_a_level() -> None:
    source = (ROOT / "handlers/dispatch/src/counts.rs").read_text()
    absent = re.findall(r"^    pub (\w+): Option<", source, re.MULTILINE)
    levels = re.search(r"LEVELS: &\[&str\] = &\[(.*?)\]", source, re.DOTALL)
    assert levels
    assert absent
    assert set(re.findall(r'"(\w+)"', levels.group(1))) == {
        "".join(word.capitalize() for word in field.split("_")) for field in absent
    }
