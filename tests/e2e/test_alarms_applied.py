"""Alarms and dashboard by the real provider: they are made and removed again.

A second plan of the alarms would change much: the emulator describes them without dimensions, periods and missing data.
"""

from pathlib import Path

from alarms import plans
from alarms.definitions import of_plan
from emulator import Emulator, client_environment
from emulator.aws import Aws
from tools.terraform import Terraform

NAME = "reports"


def test_the_alarms_are_made_and_removed(tmp_path: Path, emulator: Emulator, aws: Aws) -> None:
    environment = client_environment(emulator.endpoint)
    arguments = {"name": NAME, "handlers": ["dispatch", "ingest", "reconcile", "settle"], "unhealthy": True, "drain_seconds": 3600}
    planned, _ = of_plan(plans.of_module(tmp_path, environment, **arguments))
    terraform = Terraform(tmp_path, environment)
    terraform.apply()
    made = aws.cloudwatch.describe_alarms(AlarmNamePrefix=f"{NAME}_", AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert {alarm["AlarmName"] for alarm in made["MetricAlarms"]} == planned.keys()
    assert [alarm["AlarmName"] for alarm in made["CompositeAlarms"]] == [f"{NAME}_alarm_unhealthy"]
    terraform.destroy()
    assert aws.cloudwatch.describe_alarms(AlarmNamePrefix=f"{NAME}_")["MetricAlarms"] == []


def test_a_second_plan_of_the_dashboard_changes_nothing(tmp_path: Path, emulator: Emulator) -> None:
    environment = client_environment(emulator.endpoint)
    machine = {"arn": "arn:aws:states:us-east-1:000000000000:stateMachine:reports_workflow"}
    plans.of_module(tmp_path, environment, module="dashboard", name=NAME, region="us-east-1", state_machine=machine)
    terraform = Terraform(tmp_path, environment)
    terraform.apply()
    assert terraform.plan() == {}
    terraform.destroy()
