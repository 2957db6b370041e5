"""The alarms as Terraform plans them: their metrics exist, their links lead somewhere, their cost is the one on the pages."""

import datetime
import itertools
import json
import re
from pathlib import Path

import metrics
import pytest
from alarms import plans
from alarms.definitions import Alarm, Composite, Watch, of_plan
from alarms.series import Metrics
from program.paths import ROOT

# All that a pipeline with one lane can have.
MOST = {
    "name": "reports",
    "since": "2026-11-29T12:00:00Z",
    "handlers": ["dispatch", "ingest", "reconcile", "settle"],
    "reconcile": {"state_machine_arn": "arn:aws:states:eu-central-1:111122223333:stateMachine:reports_reconcile"},
    "limit_of_the_day": True,
    "adapts": True,
    "drain_seconds": 3600,
    "unhealthy": True,
}
DOLLARS, COMPOSITE_DOLLARS = 0.10, 0.50
LIMIT_DOLLARS = 3

Plan = tuple[dict[str, Alarm], list[Composite]]


@pytest.fixture(scope="module")
def most(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Plan:
    return of_plan(plans.of_module(tmp_path_factory.mktemp("most"), environment, **MOST))


@pytest.fixture(scope="module")
def least(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Plan:
    return of_plan(plans.of_module(tmp_path_factory.mktemp("least"), environment, name="reports"))


def dollars(plan: Plan) -> float:
    """CloudWatch charges for each metric that an alarm reads: https://aws.amazon.com/cloudwatch/pricing/"""
    alarms, composites = plan
    return DOLLARS * sum(len(alarm.queries) for alarm in alarms.values()) + COMPOSITE_DOLLARS * len(composites)


def test_no_pipeline_with_one_lane_pays_more_than_three_dollars(most: Plan, least: Plan) -> None:
    """With everything that it can have. Each page that tells the costs of alarms has this number."""
    assert round(dollars(most), 2) <= LIMIT_DOLLARS
    pages = ("README.md", "README.ko.md", "terraform/README.md", "terraform/modules/alarms/README.md", "docs/reference/inputs.md")
    for page in pages:
        assert re.search(rf"\${LIMIT_DOLLARS}(\.00)?(?!\.?[0-9])", (ROOT / page).read_text()), page
    assert f"| ${dollars(least):.2f} to ${dollars(most):.2f} a month with one lane:" in (ROOT / "docs/guide/costs.md").read_text()
    readme = (ROOT / "terraform/modules/alarms/README.md").read_text()
    for paid in (dollars(most) - COMPOSITE_DOLLARS, dollars(least)):
        assert f"| {round(paid / DOLLARS)} | ${paid:.2f} |" in readme


def test_a_metric_of_ours_is_one_that_the_handlers_report(most: Plan) -> None:
    reported = {name for said in metrics.of_handlers().values() for name in said}
    ours = {query for alarm in most[0].values() for query in alarm.queries.values() if query.namespace == "Spillway"}
    assert {query.name for query in ours} <= reported
    assert {query.dimensions for query in ours} == {(("Pipeline", "reports"),)}
    assert len(ours) > 10


def test_a_count_of_every_tick_is_read_only_where_missing_means_dead(most: Plan) -> None:
    """All other alarms take a missing value for 0, and so are quiet for an idle, paused or new pipeline."""
    kept = {name for name, alarm in most[0].items() if alarm.rule.missing != "notBreaching"}
    assert kept == {"reports_alarm_no-tick"}


@pytest.mark.parametrize(("beyond", "begins"), [(1, True), (0, False)])
def test_an_alarm_begins_above_its_threshold_and_not_at_it(most: Plan, beyond: int, begins: bool) -> None:
    """Those too that no drill produces. `no-tick` has no such threshold: a missing value sets it off."""
    alarms = {name: alarm for name, alarm in most[0].items() if not name.endswith("_no-tick")}
    metrics, until = Metrics(), 1_000_000.0
    for alarm in alarms.values():
        query = next(iter(alarm.queries.values()))
        for back in range(alarm.rule.looks_back):
            at = until - (back + 0.5) * query.period
            metrics.put(query.namespace, query.name, dict(query.dimensions), at, alarm.threshold + beyond)
    assert Watch(alarms, metrics).look(until) == (set(alarms) if begins else set())


def test_a_description_has_a_command_and_a_heading_of_the_runbook(most: Plan) -> None:
    runbook = (ROOT / "docs/operate/runbook.md").read_text()
    headings = set(re.findall(r"^## (\S+)$", runbook, re.MULTILINE))
    alarms, composites = most
    found = set()
    for alarm in alarms.values():
        what, first, page = alarm.description.split("\n")
        assert what.endswith("."), what
        assert re.fullmatch(r"First: spillway -p reports (\w+( --longest 10)?)", first), first
        found.add(page.removeprefix("Runbook: docs/operate/runbook.md#"))
        assert len(alarm.description) <= 1024
    assert found | {"unhealthy"} == headings
    assert len(composites) == 1


def test_the_command_of_a_description_is_the_first_one_of_its_heading(most: Plan) -> None:
    pages = dict(
        re.findall(r"^## (\S+)$\n(.*?)(?=^## |\Z)", (ROOT / "docs/operate/runbook.md").read_text(), re.MULTILINE | re.DOTALL)
    )
    for alarm in most[0].values():
        _, first, page = alarm.description.split("\n")
        commands = re.findall(r"First: `(spillway [^`]+)`", pages[page.rsplit("#", 1)[1]])
        assert commands == [first.removeprefix("First: ").replace("reports", "NAME")]


# From when the pipeline counts as new until its first tick must have come: three periods beyond 15 minutes.
NEW_MINUTES = 18


def begins_without_ticks(alarm: Alarm, ticks: range) -> list[int]:
    """In which minutes `no-tick` has begun, of a pipeline that is made in minute 0 and ticks in those."""
    made = datetime.datetime.fromisoformat(MOST["since"]).timestamp()
    metrics = Metrics()
    for minute in ticks:
        metrics.put("Spillway", "SlotsTaken", {"Pipeline": "reports"}, made + 60 * minute + 30, 0)
    watch = Watch({"no-tick": alarm}, metrics)
    return [minute for minute in range(1, 120) if watch.look(made + 60 * minute)]


@pytest.mark.parametrize(("dead_from", "begins"), [(0, NEW_MINUTES + 3), (1, NEW_MINUTES + 3), (30, 33), (200, None)])
def test_a_pipeline_that_was_born_dead_is_told_of_and_a_new_one_is_quiet(most: Plan, dead_from: int, begins: int | None) -> None:
    """And one that died: the alarm stays for as long as no tick comes."""
    told = begins_without_ticks(most[0]["reports_alarm_no-tick"], range(dead_from))
    assert told == ([] if begins is None else list(range(begins, 120)))


def test_a_pipeline_that_ticks_late_is_quiet_again(most: Plan) -> None:
    told = begins_without_ticks(most[0]["reports_alarm_no-tick"], range(60, 200))
    assert told == list(range(NEW_MINUTES + 3, 63))


def test_unhealthy_is_all_of_them(most: Plan) -> None:
    alarms, [unhealthy] = most
    assert unhealthy.name == "reports_alarm_unhealthy"
    assert set(unhealthy.names) == set(alarms)


def test_a_rare_tick_has_an_alarm_only_on_request(tmp_path: Path, environment: dict[str, str]) -> None:
    rare = {"name": "reports", "schedule": "rate(1 hour)"}
    without, _ = of_plan(plans.of_module(tmp_path / "without", environment, **rare))
    assert "reports_alarm_no-tick" not in without
    asked, _ = of_plan(plans.of_module(tmp_path / "asked", environment, **rare, no_tick_seconds=10800))
    [query] = asked["reports_alarm_no-tick"].queries.values()
    assert query.period == 3600


def test_the_dashboard_shows_what_the_handlers_report_and_each_once(tmp_path: Path, environment: dict[str, str]) -> None:
    machine = {"arn": "arn:aws:states:eu-central-1:111122223333:stateMachine:reports_workflow"}
    arguments = {"name": "reports", "region": "eu-central-1", "state_machine": machine, "lanes": ["default", "urgent"]}
    plan = plans.of_module(tmp_path, environment, module="dashboard", **arguments)
    [called] = plan["planned_values"]["root_module"]["child_modules"]
    [dashboard] = called["resources"]
    widgets = json.loads(dashboard["values"]["dashboard_body"])["widgets"]
    shown = [metric for widget in widgets if widget["type"] == "metric" for metric in widget["properties"]["metrics"]]
    reported = {name for said in metrics.of_handlers().values() for name in said}
    ours = [metric for metric in shown if metric[0] == "Spillway"]
    assert {metric[1] for metric in ours} <= reported
    assert {tuple(metric[2:4]) for metric in ours} == {("Pipeline", "reports")}
    # A statistic of a metric.
    once = [(*metric[:-1], metric[-1]["stat"]) for metric in shown]
    assert len(once) == len(set(once)) > 30
    # One below the other, and none over another.
    rows = sorted({(widget["y"], widget["height"]) for widget in widgets})
    assert all(y + height == below for (y, height), (below, _) in itertools.pairwise(rows))
