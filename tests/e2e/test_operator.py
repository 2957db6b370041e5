"""The operator's program on a pipeline that is up: its words, and the effects of its acts."""

import dataclasses
import json
import os
import re
import shlex
import subprocess
import time
import uuid

import pytest
from build import operators
from demo import reports
from one_pipeline import wait
from operating import answer, spillway
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")


def burst(group: str, objects: int = 3, **more: float) -> list[reports.Report]:
    return reports.generate(objects, seed=19, group=group, again=0, **{"fails_first": 0, "unknown_device": 0, **more})


def ask(quiet: Running, *arguments: str) -> dict:
    return answer(quiet.emulator, "-p", quiet.name, *arguments)


def codes(told: dict) -> list[str]:
    return [finding["code"] for finding in told["findings"]]


def test_why_nothing_starts_is_said_with_the_next_command(quiet: Running) -> None:
    """The schedule of this site is off."""
    quiet.begin(burst("why-"))
    told = ask(quiet, "status")
    assert (told["healthy"], codes(told)[0]) == (False, "rule-disabled")
    # Tests before this one have started executions of this pipeline, within the three periods that count.
    assert told["nothing_starts"] or any(told["starts"]["by_minute"][-4:]), told
    # With S3's test event, which is the first message of a bucket.
    assert told["lanes"][0]["waiting"] == quiet.waiting() >= 3
    assert told["unknown"] == []
    shown = spillway(quiet.emulator, "-p", quiet.name, "status", "--check")
    assert shown.returncode == 3
    assert f"the rule {quiet.name}_tick is disabled" in shown.stdout.splitlines()[0]
    assert f"next: spillway -p {quiet.name} schedule on" in shown.stdout


def test_a_pause_ends_by_itself(quiet: Running) -> None:
    quiet.begin(burst("pauses-"))
    paused = ask(quiet, "pause", "--reason", "target is down", "--for", "5s")
    (override,) = paused["in_force"]["overrides"]
    assert (override["note"], override["until"] > override["since"]) == ("target is down", True)
    assert quiet.tick()["Paused"] == 1
    assert "paused" in codes(ask(quiet, "status"))
    time.sleep(5)
    assert quiet.tick()["Paused"] == 0
    assert ask(quiet, "pace")["in_force"]["overrides"] == []
    quiet.work_off()
    assert len(quiet.executions("pauses-")) == 3


def test_a_limit_is_set_and_unset_and_ticks_keep_to_it(quiet: Running) -> None:
    quiet.begin(burst("limits-", 6))
    ask(quiet, "set", "max_concurrency=2", "--reason", "deploy")
    assert quiet.fill(2) == 2
    told = ask(quiet, "status")
    assert (told["running"]["slots"], told["running"]["limit"]) == (2, 2)
    assert "slots-taken" in codes(told)
    ask(quiet, "unset", "max_concurrency")
    ask(quiet, "pause", "--reason", "x")
    ask(quiet, "resume")
    assert ask(quiet, "pace")["in_force"]["overrides"] == []
    quiet.work_off()


def test_an_objects_story_is_told_from_its_upload_to_its_replay(quiet: Running) -> None:
    (report,) = (dataclasses.replace(report, unknown_device=True) for report in burst("story-", 1))
    object_ = f"s3://{quiet.bucket}/{report.key}"
    before = ask(quiet, "explain", object_)
    assert (before["known"], before["exists"]) == (False, False)
    quiet.begin([report])
    waiting = ask(quiet, "explain", object_)
    assert (waiting["known"], waiting["exists"], waiting["sources"] != []) == (False, True, True)
    assert waiting["waiting"] == quiet.waiting() >= 1
    quiet.work_off()
    (version,) = ask(quiet, "explain", object_)["versions"]
    assert (version["state"], version["attempt"]) == ("DEAD", 3)
    assert [attempt["status"] for attempt in version["attempts"]] == ["FAILED"] * 3
    assert version["command"] == f"spillway -p {quiet.name} redrive --object '{object_}'"

    failed = ask(quiet, "failed")
    assert {group["stage"] for group in failed["groups"]} == {"events", "ledger"}
    assert quiet.dead() == 1
    dropped = ask(quiet, "discard", "--object", object_, "--reason", "a device that never was", "--yes")
    assert dropped["queues"][0]["dropped"] == 1
    assert quiet.dead() == 0
    (version,) = ask(quiet, "explain", object_)["versions"]
    assert "a device that never was" in version["discarded_by"]


def test_an_execution_is_stopped_and_its_attempt_retried(quiet: Running) -> None:
    """Each works for a second: one of several is stopped before its end."""
    quiet.begin(burst("stops-", 12))
    ask(quiet, "set", "max_concurrency=1")
    stopped = None
    with quiet.ticking():
        while stopped is None and not quiet.quiet():
            for slot in ask(quiet, "running")["running"]:
                ended = spillway(quiet.emulator, "-p", quiet.name, "running", "--stop", slot["execution"], "--yes", "--json")
                if ended.returncode == 0:
                    stopped = json.loads(ended.stdout)["stopped"]
                else:
                    assert "has ended" in ended.stderr or "no slot of" in ended.stderr, ended
    ask(quiet, "unset", "max_concurrency")
    assert stopped is not None
    quiet.work_off()
    runs = {run.name: run.status for run in quiet.executions("stops-")}
    assert runs[stopped] == "ABORTED"
    assert runs[f"{stopped.removesuffix('-1')}-2"] == "SUCCEEDED"
    refused = spillway(quiet.emulator, "-p", quiet.name, "running", "--stop", "nothing")
    assert (refused.returncode, "no slot of" in refused.stderr) == (1, True)


def test_a_tick_is_run_and_the_pipeline_is_listed(quiet: Running) -> None:
    quiet.begin(burst("ticks-"))
    assert ask(quiet, "tick")["Started"] == 3
    listed = answer(quiet.emulator, "list")["pipelines"]
    assert quiet.name in [pipeline["name"] for pipeline in listed]
    quiet.work_off()


def test_the_doctor_finds_what_is_wrong_here_and_nothing_else(quiet: Running) -> None:
    ended = spillway(quiet.emulator, "-p", quiet.name, "doctor", "--json")
    checks = json.loads(ended.stdout)["checks"]
    faults = [check for check in checks if check["result"] == "fault"]
    # The schedule of this site is off, and says so twice: as a rule, and as the reason that nothing starts.
    assert {check["check"] for check in faults} <= {"rules", "status"}, faults
    assert all("_tick" in check["what"] for check in faults), faults
    fine = {check["check"] for check in checks if check["result"] == "fine"}
    assert {"functions", "versions", "notifications", "dead-letter queues", "clocks", "rules"} <= fine, checks


def test_who_may_look_can_look_and_is_told_what_is_missing(quiet: Running) -> None:
    policy = ask(quiet, "iam", "--read", "--bucket", quiet.bucket)
    # The module's outputs and the program say the same.
    policies = {name: json.loads(policy) for name, policy in quiet.outputs["operator_policies"].items()}
    assert policies["read"] == policy
    assert policies["operate"] == ask(quiet, "iam", "--operate", "--bucket", quiet.bucket)
    iam, user = quiet.aws.iam, f"looks-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="read", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    credentials = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    def run(*arguments: str) -> subprocess.CompletedProcess:
        environment = {**os.environ, **quiet.emulator.environment, **credentials}
        command = [str(operators.program()), "-p", quiet.name, *arguments]
        return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    status = run("status", "--json")
    assert status.returncode == 0, status
    # Of these the emulator asks for another permission than AWS does, or for all resources.
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
    gaps = ("looking at the rule", "reading the log", "asking for the concurrency")
    unknown = [why for why in json.loads(status.stdout)["unknown"] if not why.startswith(gaps)]
    assert unknown == []
    for arguments in (("running",), ("pace",), ("failed",), ("explain", f"s3://{quiet.bucket}/nothing")):
        assert run(*arguments).returncode == 0, (arguments, run(*arguments))
    paused = run("pause", "--reason", "x")
    assert paused.returncode == 1
    # The emulator does not name the resource.
    assert "Missing permission: dynamodb:PutItem" in paused.stderr, paused
    assert "spillway iam" in paused.stderr


def test_the_live_screen_shows_the_same_and_leaves_the_terminal_as_it_was(quiet: Running) -> None:
    quiet.begin(burst("watch-"))
    session = f"spillway-{uuid.uuid4().hex[:8]}"

    def tmux(*arguments: str) -> str:
        done = subprocess.run(["tmux", "-L", session, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done
        return done.stdout

    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in quiet.emulator.environment.items())
    command = f"{variables} {operators.program()} -p {quiet.name} status --watch --every 1"
    tmux("new-session", "-d", "-s", "it", "-x", "120", "-y", "40", "sh")
    try:
        tmux("send-keys", "-t", "it", command, "Enter")
        wait(lambda: "q: leave" in tmux("capture-pane", "-p", "-t", "it"), "there is no screen")
        screen = tmux("capture-pane", "-p", "-t", "it")
        lines = screen.splitlines()
        assert lines[0].startswith(f"{quiet.name} us-east-1"), screen
        assert f"Not healthy: the rule {quiet.name}_tick is disabled" in lines[1], screen
        assert "starts by minute, the last 15" in screen
        assert any(line.split()[:3] == ["default", "0", "3"] for line in lines), screen
        quiet.begin(burst("watched-", 2))
        wait(lambda: re.search("default +0 +5", tmux("capture-pane", "-p", "-t", "it")), "what waits is not shown")
        tmux("send-keys", "-t", "it", "q")
        wait(lambda: command[-20:] in tmux("capture-pane", "-p", "-t", "it"), "the terminal is not as it was")
    finally:
        tmux("kill-server")
