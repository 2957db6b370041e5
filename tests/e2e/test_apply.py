"""What Terraform made, as it made it."""

from concurrent.futures import ThreadPoolExecutor

from one_pipeline import Pipeline
from roots import Root
from running import Running

# docs/emulator.md: attributes that the emulator does not keep.
GAPS = {
    f"module.spillway.module.{module}[0].aws_sfn_state_machine.this": {"tracing_configuration"}
    for module in ("reconcile", "workflow")
}
ALARM = {"actions_enabled", "alarm_description", "dimensions", "period", "statistic", "treat_missing_data"}
GLUE_GAPS = {
    "module.crawler.aws_glue_crawler.this": {"lineage_configuration"},
    **{
        f'module.crawler.aws_cloudwatch_metric_alarm.this["{name}"]': ALARM
        for name in ("dead-letters", "failed-crawls", "oldest-event")
    },
}


def test_a_plan_after_the_apply_changes_nothing_but_the_emulators_gaps(running: Running) -> None:
    assert running.stack.terraform.plan() == GAPS


def test_the_same_of_every_other_pipeline(applied: dict[str, Root], pipelines: dict[str, Pipeline]) -> None:
    changes = applied["pipelines"].terraform.plan()
    machines = {address: names for address, names in changes.items() if "aws_sfn_state_machine" in address}
    assert {address: names for address, names in changes.items() if address not in machines} == GLUE_GAPS
    assert all(names == {"tracing_configuration"} for names in machines.values())


def test_the_same_of_the_examples_with_glue(applied: dict[str, Root], glue_crawler: Pipeline, glue_job: Pipeline) -> None:
    with ThreadPoolExecutor() as pool:
        plans = [pool.submit(applied[example.name].terraform.plan) for example in (glue_crawler, glue_job)]
        crawler, job = (plan.result() for plan in plans)
    assert crawler == GAPS | GLUE_GAPS
    assert job == GAPS


def test_the_functions_run_the_code_that_was_built(running: Running) -> None:
    module = running.stack.terraform.outputs()["spillway"]
    assert module["running_sha256"] == module["released_sha256"]
