"""The metrics that Terraform's output names are those that the handlers emit."""

import json
import re

import metrics
import pytest
from program.paths import ROOT

pytestmark = pytest.mark.quick


def test_what_is_written_from_the_handlers_is_up_to_date() -> None:
    assert metrics.FILE.read_text() == metrics.text(), "run scripts/variables"
    assert metrics.PAGE.read_text() == metrics.page(), "run scripts/variables"


def test_every_handler_has_metrics_and_says_what_each_is() -> None:
    handlers = {path.parents[1].name for path in ROOT.glob("handlers/*/src/main.rs")}
    written = json.loads(metrics.FILE.read_text())
    assert written.keys() == handlers | {metrics.EVERY}
    for handler, said in written.items():
        source = metrics.sources()[handler].read_text()
        assert len(said) == len(re.findall(r"^ {4}pub \w+: ", source, re.MULTILINE)) >= 3
        assert [name for name, metric in said.items() if not metric["meaning"].endswith(".")] == []


def test_one_name_has_one_unit() -> None:
    units: dict[str, set[str]] = {}
    for said in metrics.of_handlers().values():
        for name, metric in said.items():
            units.setdefault(name, set()).add(metric.unit)
    assert {name for name, found in units.items() if len(found) > 1} == set()


def test_what_the_page_says_an_idle_pipeline_costs() -> None:
    always = [name for name, metric in metrics.of_handlers()["dispatch"].items() if metric.reported == "with every tick"]
    # Those that only a pipeline with a limit of the day has, one whose pace adapts, or one that bounds tenants.
    of_the_day, of_adapt, of_tenants = ["StartsToday"], ["Circuit", "Rate"], ["WaitingTenants", "TenantWaitSeconds"]
    idle = [name for name in always if name not in of_the_day + of_adapt + of_tenants]
    assert idle == ["DurationMilliseconds", "MaxConcurrency", "SlotsTaken"]
    assert {*of_the_day, *of_adapt, *of_tenants} <= {*always}
    page = metrics.PAGE.read_text()
    costs = (
        ("| idle |", idle),
        ("starts_per_day", idle + of_the_day),
        ("pace.adapt", idle + of_adapt),
        ("`tenants`", idle + of_tenants),
    )
    for said, reported in costs:
        (row,) = [line for line in page.splitlines() if line.startswith("| idle") and said in line]
        assert row.endswith(f"| ${metrics.DOLLARS * len(reported):.2f} |")


def test_the_pages_say_what_a_metric_costs() -> None:
    for page in (metrics.PAGE, ROOT / "docs/reference/outputs.md"):
        assert f"${metrics.DOLLARS:.2f} a month for each" in page.read_text(), page


def test_a_field_is_named_as_serde_names_it_and_has_what_is_said_of_it() -> None:
    source = (
        "pub struct Counts {\n    /// Rows sent\n    /// again.\n    pub sent_again: u32,\n"
        '    /// Slots.\n    #[serde(skip_serializing_if = "Option::is_none")]\n    pub slots: Option<u32>,\n}\n'
    )
    assert metrics.fields(source) == {
        "SentAgain": metrics.Metric("Count", "Rows sent again.", "above 0"),
        "Slots": metrics.Metric("Count", "Slots.", "above 0"),
    }


def test_levels_and_lists_are_told_from_counts() -> None:
    source = (
        'pub const LEVELS: &[&str] = &["Slots"];\npub struct Counts {\n    /// Slots.\n    pub slots: Option<u32>,\n}\n'
        "pub struct Values {\n    /// Waits.\n    pub wait_milliseconds: Vec<u64>,\n}\n"
    )
    assert metrics.fields(source) == {
        "Slots": metrics.Metric("Count", "Slots.", "with every tick"),
        "WaitMilliseconds": metrics.Metric("Milliseconds", "Waits.", "value by value"),
    }


def test_what_may_be_absent_is_a_level() -> None:
    source = (ROOT / "handlers/dispatch/src/counts.rs").read_text()
    absent = re.findall(r"^    pub (\w+): Option<", source, re.MULTILINE)
    levels = re.search(r"LEVELS: &\[&str\] = &\[(.*?)\]", source, re.DOTALL)
    assert levels
    assert absent
    assert set(re.findall(r'"(\w+)"', levels.group(1))) == {
        "".join(word.capitalize() for word in field.split("_")) for field in absent
    }
