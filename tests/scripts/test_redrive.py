"""`spillway redrive`, as a person runs it."""

import signal
import subprocess
import time
from pathlib import Path

import pytest
from build import operators
from emulator import Emulator
from emulator.aws import Aws
from redriven import NUMBERS, Pipeline, fail, make, outputs, taken


def test_it_moves_everything_with_its_attributes(pipeline: Pipeline) -> None:
    pipeline.fill(5)
    result = pipeline.redrive()
    assert result.returncode == 0, result.stderr
    assert f"5 messages moved from {pipeline.name}_events-dlq_default" in result.stdout
    assert (pipeline.count(pipeline.dead), pipeline.count(pipeline.queue)) == (0, 5)
    answer = pipeline.aws.sqs.receive_message(QueueUrl=pipeline.queue, MessageAttributeNames=["All"])
    assert answer["Messages"][0]["MessageAttributes"]["attempt"]["StringValue"] == "2"


@pytest.mark.parametrize("form", ["name", "url", "arn"])
def test_queues_are_taken_by_name_url_or_arn(pipeline: Pipeline, form: str) -> None:
    pipeline.fill(1)
    forms = {
        "name": (f"{pipeline.name}_events-dlq_default", f"{pipeline.name}_events_default"),
        "url": (pipeline.dead, pipeline.queue),
        "arn": (pipeline.arn(pipeline.dead), pipeline.arn(pipeline.queue)),
    }
    source, destination = forms[form]
    assert pipeline.spillway("redrive", "--from", source, "--to", destination).returncode == 0
    assert pipeline.count(pipeline.queue) == 1


def test_a_dry_run_moves_nothing(pipeline: Pipeline) -> None:
    pipeline.fill(3)
    result = pipeline.redrive("--dry-run", "--velocity", "2")
    assert result.returncode == 0
    assert "would move 3 messages" in result.stdout
    assert (pipeline.count(pipeline.dead), pipeline.count(pipeline.queue)) == (3, 0)


def test_nothing_to_move_is_said(pipeline: Pipeline) -> None:
    result = pipeline.redrive()
    assert (result.returncode, result.stdout.strip()) == (0, f"nothing to move: {pipeline.name}_events-dlq_default is empty")


def test_an_unknown_queue_is_named(pipeline: Pipeline) -> None:
    result = pipeline.spillway("-p", "nobody", "redrive")
    assert result.returncode == 1
    assert "there is no queue nobody_events-dlq_default" in result.stderr


def test_a_second_move_is_refused_and_the_first_can_be_cancelled(pipeline: Pipeline) -> None:
    # So many at that pace that the first is under way for a minute, however slow the machine.
    pipeline.fill(60)
    command = [str(operators.program()), "-p", pipeline.name, "redrive", "--velocity", "1"]
    first = subprocess.Popen(command, env=pipeline.environment, stdout=subprocess.PIPE, text=True)
    while pipeline.count(pipeline.queue) == 0:
        time.sleep(0.1)
    second = pipeline.redrive()
    assert second.returncode == 1
    assert "under way already" in second.stderr

    first.send_signal(signal.SIGINT)
    said, _ = first.communicate(timeout=60)
    assert first.returncode == 130
    assert "cancelled after" in said
    time.sleep(0.5)
    left = pipeline.count(pipeline.dead)
    assert 0 < left < 60
    time.sleep(1)
    assert pipeline.count(pipeline.dead) == left


def test_velocity_bounds_the_pace(pipeline: Pipeline) -> None:
    pipeline.fill(20)
    began = time.monotonic()
    assert pipeline.redrive("--velocity", "10").returncode == 0
    assert time.monotonic() - began >= 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["redrive"],
        ["-p", "x", "redrive", "--from", "y", "--to", "z"],
        ["redrive", "--from", "y"],
        ["-p", "x", "redrive", "--velocity", "501"],
        ["-p", "x", "redrive", "--stage", "ingest", "--lane", "y"],
        ["-p", "x", "redrive", "--stage", "rules", "--detach"],
    ],
)
def test_contradictions_are_refused(pipeline: Pipeline, arguments: list[str]) -> None:
    assert pipeline.spillway(*arguments).returncode == 2


def test_queues_are_read_from_terraform_outputs(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.fill(2)
    stage = {"source_arn": pipeline.arn(pipeline.dead), "destination_arn": pipeline.arn(pipeline.queue)}
    directory = outputs(tmp_path, {"events": stage})
    result = pipeline.spillway("--terraform-dir", directory, "redrive")
    assert result.returncode == 0, result.stderr
    assert pipeline.count(pipeline.queue) == 2
    result = pipeline.spillway("--terraform-dir", directory, "redrive", "--stage", "outcomes")
    assert "no dead-letter queue for outcomes" in result.stderr
    (tmp_path / "main.tf.json").write_text('{"output": {"spillway": {"value": {"other": 1}}}}')
    subprocess.run(["terraform", f"-chdir={tmp_path}", "apply", "-auto-approve"], check=True, capture_output=True)
    assert "no pipeline" in pipeline.spillway("--terraform-dir", directory, "redrive").stderr


def test_a_fifo_queue_keeps_its_groups_and_their_order(aws: Aws, emulator: Emulator) -> None:
    pipeline = make(aws, emulator, f"pipeline-{next(NUMBERS)}", ".fifo")
    pipeline.fill(6)
    result = pipeline.redrive()
    assert result.returncode == 0, result.stderr
    answer = aws.sqs.receive_message(QueueUrl=pipeline.queue, MaxNumberOfMessages=10, AttributeNames=["All"])
    groups: dict[str, list[str]] = {}
    for message in answer["Messages"]:
        groups.setdefault(message["Attributes"]["MessageGroupId"], []).append(message["Body"])
    assert groups == {
        "group 0": ["message 0", "message 2", "message 4"],
        "group 1": ["message 1", "message 3", "message 5"],
    }


def test_every_lane_is_redriven_or_one_alone(aws: Aws, emulator: Emulator, tmp_path: Path) -> None:
    name = f"pipeline-{next(NUMBERS)}"
    lanes = {lane: make(aws, emulator, name, lane=lane) for lane in ("urgent", "bulk", "late")}
    ways = {lane: {"source_arn": made.arn(made.dead), "destination_arn": made.arn(made.queue)} for lane, made in lanes.items()}
    directory = outputs(tmp_path, {"events": ways["urgent"], "lanes": ways, "ingest": None})
    for made in lanes.values():
        made.fill(2)

    assert lanes["bulk"].spillway("--terraform-dir", directory, "redrive", "--lane", "bulk").returncode == 0
    assert {lane: made.count(made.queue) for lane, made in lanes.items()} == {"urgent": 0, "bulk": 2, "late": 0}
    assert lanes["late"].redrive("--lane", "late").returncode == 0
    assert {lane: made.count(made.queue) for lane, made in lanes.items()} == {"urgent": 0, "bulk": 2, "late": 2}
    assert lanes["urgent"].spillway("--terraform-dir", directory, "redrive").returncode == 0
    assert {lane: made.count(made.queue) for lane, made in lanes.items()} == {"urgent": 2, "bulk": 2, "late": 2}

    unknown = lanes["urgent"].spillway("--terraform-dir", directory, "redrive", "--lane", "slow")
    assert (unknown.returncode, "no dead-letter queue for events of lane slow" in unknown.stderr) == (1, True)
    without = lanes["urgent"].spillway("--terraform-dir", directory, "redrive", "--stage", "ingest")
    assert "no dead-letter queue for ingest" in without.stderr


def test_what_ingest_failed_on_is_handed_to_it_again(aws: Aws, pipeline: Pipeline, failures: str, tmp_path: Path) -> None:
    for number in range(12):
        fail(aws, failures, {"number": number})
    would = pipeline.redrive("--stage", "ingest", "--dry-run")
    assert f"would move 12 messages from {pipeline.name}_ingest-failures to {pipeline.name}_ingest" in would.stdout
    result = pipeline.redrive("--stage", "ingest")
    assert (result.returncode, pipeline.count(failures)) == (0, 0), result.stderr
    assert taken(aws, pipeline) == sorted(f"took {number}" for number in range(12))

    fail(aws, failures, {"number": 12})
    stage = {"source_arn": pipeline.arn(failures), "function_name": f"{pipeline.name}_ingest"}
    events = {"source_arn": pipeline.arn(pipeline.dead), "destination_arn": pipeline.arn(pipeline.queue)}
    directory = outputs(tmp_path, {"events": events, "ingest": stage})
    assert pipeline.spillway("--terraform-dir", directory, "redrive", "--stage", "ingest").returncode == 0
    assert "took 12" in taken(aws, pipeline)


def test_what_ingest_fails_on_again_stays(aws: Aws, pipeline: Pipeline, failures: str) -> None:
    fail(aws, failures, {"number": 1})
    fail(aws, failures, {"number": 2, "fail": True})
    aws.sqs.send_message(QueueUrl=failures, MessageBody="no JSON")
    result = pipeline.redrive("--stage", "ingest")
    assert result.returncode == 1
    assert "2 messages failed and stay" in result.stderr
    assert taken(aws, pipeline) == ["took 1"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    left = aws.sqs.get_queue_attributes(QueueUrl=failures, AttributeNames=names)["Attributes"]
    assert sum(map(int, left.values())) == 2


def test_what_a_rule_could_not_deliver_goes_into_its_queue(aws: Aws, pipeline: Pipeline) -> None:
    dead = aws.sqs.create_queue(QueueName=f"{pipeline.name}_rules-dlq_default")["QueueUrl"]
    reason = {"ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"}}
    for number in range(3):
        aws.sqs.send_message(QueueUrl=dead, MessageBody=f"event {number}", MessageAttributes=reason)
    result = pipeline.redrive("--stage", "rules")
    assert (result.returncode, pipeline.count(dead)) == (0, 0), result.stderr
    answer = aws.sqs.receive_message(QueueUrl=pipeline.queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    assert sorted(message["Body"] for message in answer["Messages"]) == ["event 0", "event 1", "event 2"]
    assert not any("MessageAttributes" in message for message in answer["Messages"])
