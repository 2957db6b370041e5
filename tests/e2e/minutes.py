"""Minutes of a drill: the alarms, evaluated on the functions' lines, and on Lambda's and SQS's counts in each of them.

A tick stands for a minute: the functions' lines in it get that minute's time, and the alarms are evaluated at its end.
"""

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import command_lines
from alarms import plans
from alarms.definitions import Alarm, Composite, Watch, of_plan
from alarms.series import Metrics
from demo.executions import summaries
from one_pipeline import PATIENCE_SECONDS, Pipeline, wait
from running import Running

TICKS = 3
# Five periods of which three must be well again.
ENDS_AFTER = 6
# If one period is enough to begin: the value is out of CloudWatch's range.
AT_ONCE = 3
HANDLERS = ("dispatch", "ingest", "reconcile", "settle")
# The metrics that the emulator counts as Lambda and DynamoDB do.
OF_FUNCTIONS = ("Errors", "Throttles")
OF_LEDGER = ("ReadThrottleEvents", "WriteThrottleEvents")
# A metric as CloudWatch knows it: namespace, name, dimension and its value.
Counted = tuple[str, str, str, str]


# The alarms of each pipeline: a plan takes longer than a tick.
_planned: dict[tuple[str | bool, ...], tuple[dict[str, Alarm], list[Composite]]] = {}


class Minutes:
    """Ticks, each of them a minute, and the alarms that have begun."""

    def __init__(self, pipeline: Pipeline, alarms: dict[str, Alarm], composites: list[Composite]) -> None:
        self._pipeline, self._metrics = pipeline, Metrics()
        self._watch, self._composites = Watch(alarms, self._metrics), composites
        # An hour after 1970 began, when no pipeline is new.
        self._minute, self._began = 60, time.time()
        logs, names = pipeline.outputs["log_group_names"], HANDLERS
        self._functions = {handler: f"{pipeline.name}_{handler}" for handler in names if logs[handler]}
        of_functions = [
            ("AWS/Lambda", metric, "FunctionName", name) for name in self._functions.values() for metric in OF_FUNCTIONS
        ]
        ledger = pipeline.outputs["ledger_table_name"]
        self._asked = [*of_functions, *(("AWS/DynamoDB", metric, "TableName", ledger) for metric in OF_LEDGER)]
        self._seen, self._counts = set(self._lines()), self._counted()
        # The minute in which a message was seen first, by its id.
        self._came: dict[str, int] = {}
        self._metrics.ticked_before(pipeline.name, 60 * self._minute)

    def tick(self) -> set[str]:
        """The alarms that have begun, by their names without the pipeline's."""
        self._pipeline.invoke()
        return self.without_a_tick()

    def without_a_tick(self) -> set[str]:
        now = 60 * self._minute + 30
        for metric, count in (counted := self._counted()).items():
            namespace, name, dimension, value = metric
            self._metrics.put(namespace, name, {dimension: value}, now, count - self._counts[metric])
        self._counts = counted
        for queue in self._pipeline.queues:
            came = [
                self._came.setdefault(message["MessageId"], self._minute) for message in self._pipeline.emulator.messages(queue)
            ]
            if came:
                of = {"QueueName": queue.rsplit("/", 1)[1]}
                self._metrics.put("AWS/SQS", "ApproximateAgeOfOldestMessage", of, now, 60 * (self._minute - min(came)))
        lines = [line for line in self._lines() if line not in self._seen]
        self._seen.update(lines)
        self._metrics.read(_at(line, now) for line in lines)
        self._minute += 1
        begun = self._watch.look(60 * self._minute)
        begun |= {composite.name for composite in self._composites if begun.intersection(composite.names)}
        return {name.split("_", 2)[2] for name in begun}

    def five_with_a_tick(self) -> set[str]:
        """Five minutes of which one has a tick: too few for `no-tick`."""
        self._minute += 4
        return self.tick() - {"no-tick"}

    def until(self, alarm: str, ticks: int, *beside: str) -> None:
        """Until it has begun, and as quickly. `beside`: alarms that its trouble sets off too; no other one begins."""
        heard = [self.tick() for _ in range(ticks)]
        assert heard[-1] == {alarm, *beside}, heard

    def until_quiet(self, ticks: int = ENDS_AFTER) -> None:
        heard = [self.tick() for _ in range(ticks)]
        assert heard[-1] == set(), heard

    def until_quiet_by_fives(self) -> None:
        """The same if one period is enough to begin, and has five minutes."""
        heard = [self.five_with_a_tick() for _ in range(AT_ONCE + 1)]
        assert heard[-1] == set(), heard

    def work_off(self, pipeline: Pipeline | None = None) -> list[set[str]]:
        """Runs minutes until nothing is left to do. Returns the alarms of each. `pipeline`: the same, with another ledger."""
        pipeline, heard, deadline = pipeline or self._pipeline, [], time.monotonic() + PATIENCE_SECONDS
        # Twice in turn, with a tick between: a message on its way between two places is in neither.
        before = False
        while not ((now := pipeline.quiet()) and before):
            assert time.monotonic() < deadline, pipeline.left()
            before = now
            heard.append(self.tick())
        return heard

    def counts(self, handler: str, metric: str) -> bool:
        """Whether Lambda counts any since the last minute was over."""
        of = "AWS/Lambda", metric, "FunctionName", self._functions[handler]
        return self._counted()[of] > self._counts[of]

    def _lines(self) -> Iterator[str]:
        for handler in self._functions:
            name = self._pipeline.outputs["log_group_names"][handler]
            pages = self._pipeline.aws.logs.get_paginator("filter_log_events").paginate(
                logGroupName=name, startTime=int(self._began * 1000)
            )
            yield from (event["message"] for page in pages for event in page["events"] if '"_aws"' in event["message"])

    def _counted(self) -> dict[Counted, float]:
        """So far, since the drill began."""
        counts = {metric: self._sum(*metric) for metric in self._asked}
        if reconcile := self._pipeline.outputs.get("reconcile"):
            # The emulator has no metrics of Step Functions.
            machine = reconcile["state_machine_arn"]
            runs = summaries(self._pipeline.aws.stepfunctions, machine)
            failed = [run for run in runs if run["status"] == "FAILED" and run["stopDate"].timestamp() >= self._began]
            counts["AWS/States", "ExecutionsFailed", "StateMachineArn", machine] = len(failed)
        return counts

    def _sum(self, namespace: str, metric: str, dimension: str, value: str) -> float:
        began = datetime.fromtimestamp(self._began, timezone.utc)
        found = self._pipeline.aws.cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": dimension, "Value": value}],
            StartTime=began,
            EndTime=began + timedelta(days=1),
            # One datapoint, whenever it is.
            Period=86_400 * 10_000,
            Statistics=["Sum"],
        )["Datapoints"]
        return found[0]["Sum"] if found else 0.0


def _at(line: str, now: float) -> str:
    root = json.loads(line)
    root["_aws"]["Timestamp"] = now * 1000
    return json.dumps(root)


def of(pipeline: Pipeline, directory: Path, **bounds: object) -> Minutes:
    """With all alarms of modules/alarms for its functions, and with these inputs of the module."""
    handlers = [handler for handler in HANDLERS if pipeline.outputs["log_group_names"][handler]]
    asked = (pipeline.name, *handlers, *bounds)
    if asked not in _planned:
        _planned[asked] = of_plan(plans.of_module(directory, name=pipeline.name, handlers=handlers, **bounds))
    return Minutes(pipeline, *_planned[asked])


def does(
    running: Pipeline,
    heading: str,
    line: str,
    number: tuple[str, str] = ("", ""),
    page: str = "docs/operate/runbook.md",
    **more: str,
) -> str:
    """Runs a command under the alarm's heading. Returns its output. `number`: one of the page, and the drill's instead."""
    assert line in command_lines.under(page, heading)
    ended = command_lines.run(line.replace(*number), running, **more)
    assert ended.returncode == 0, ended
    return ended.stdout


def tick_by_hand(running: Running, heading: str) -> None:
    """The command under the alarm's heading runs one, which holds the lease."""
    began = time.time()
    does(running, heading, "spillway -p NAME tick")
    wait(lambda: len(running.ticks(began)) == 1, "no tick has run")
