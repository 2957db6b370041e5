"""Two lanes that share one capacity, a bound of one of them, windows, and a limit per day."""

import datetime
import json
import re
import time

import judge_orders
import pytest
from demo.executions import peak_running
from one_pipeline import Pipeline
from operating import answer
from sites import Site
from tools.terraform import TerraformError

pytestmark = pytest.mark.xdist_group("pipelines")

ALL = ("-target=module.lanes", "-refresh=false")
# Nothing but dispatch's environment changes.
DISPATCH = ("-target=module.lanes.module.dispatch", "-refresh=false")
MIN_SHARE = 0.1
# The limit of the window that is always in force; outside of it there would be 3.
LIMIT = 10
URGENT, BULK = 60, 40
PER_DAY = 4
DEFAULT_AT_ONCE = 2
OF_EACH = 12


def test_the_urgent_lane_goes_first_and_the_other_gets_its_share(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["lanes"]
    uploads = [pipeline.put(f"bulk/share/{number}.json") for number in range(BULK)]
    uploads += [pipeline.put(f"urgent/share/{number}.json") for number in range(URGENT)]
    pipeline.until_waiting(len(uploads))
    # The window's pace holds, and no more.
    assert pipeline.fill(LIMIT) == LIMIT
    pipeline.work_off()
    runs = pipeline.runs("bulk/share/") + pipeline.runs("urgent/share/")
    assert judge_orders.exactly_once(uploads, runs) == []
    assert peak_running(runs) <= LIMIT
    bulk, every = judge_orders.starts_while_waiting(runs, "urgent/", "bulk/")
    print(f"{bulk} of {every} starts were bulk's while urgent waited")
    # Less than one is owed when ten are received for the other lane, and one more for those: the next ones come right after.
    assert MIN_SHARE * every - 1 - MIN_SHARE * 10 < bulk <= 2 * MIN_SHARE * every


def peaks(pipeline: Pipeline, group: str) -> tuple[int, int]:
    """Works on a burst of both lanes: how many of the bounded lane then run at once at most, and how many of the other."""
    lanes = [f"bulk/{group}/", f"urgent/{group}/"]
    uploads = [pipeline.put(f"{lane}{number}.json") for number in range(OF_EACH) for lane in lanes]
    pipeline.until_waiting(len(uploads))
    pipeline.work_off()
    bulk, urgent = (pipeline.runs(lane) for lane in lanes)
    assert judge_orders.exactly_once(uploads, bulk + urgent) == []
    return peak_running(bulk), peak_running(urgent)


def test_a_lane_keeps_to_its_bound_and_holds_nobody_up(site: Site, pipelines: dict[str, Pipeline]) -> None:
    pipeline, terraform = pipelines["lanes"], site.roots["pipelines"].terraform
    bounded = f"lanes={json.dumps({'default_at_once': DEFAULT_AT_ONCE})}"
    terraform.apply(f"-var={bounded}", *DISPATCH)
    bulk, urgent = peaks(pipeline, "bounded")
    assert bulk == DEFAULT_AT_ONCE < urgent
    # The operator's word is over Terraform's.
    operator = (pipeline.emulator, "-p", pipeline.name)
    name = "lanes.default.max_concurrency"
    answer(*operator, "set", f"{name}=1", "--reason", "the target is slow")
    try:
        bulk, urgent = peaks(pipeline, "bounded-by-hand")
        assert bulk == 1 < urgent
    finally:
        answer(*operator, "unset", name)
        terraform.apply(*DISPATCH)


def not_at_midnight() -> None:
    """Waits if a day of UTC is about to end: the next one has starts of its own."""
    now = datetime.datetime.now(datetime.timezone.utc)
    left = 86_400 - (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
    if left < 120:
        time.sleep(left + 1)


def test_a_window_pauses_and_a_day_has_its_limit_and_nothing_is_lost(site: Site, pipelines: dict[str, Pipeline]) -> None:
    pipeline, terraform = pipelines["lanes"], site.roots["pipelines"].terraform
    uploads = [pipeline.put(f"urgent/held/{number}.json") for number in range(2 * PER_DAY)]
    pipeline.until_waiting(len(uploads))

    terraform.apply(f"-var=lanes={json.dumps({'frozen': True})}", *DISPATCH)
    for _ in range(2):
        pipeline.tick()
    assert pipeline.runs("urgent/held/") == []
    received = {message["ReceiveCount"] for queue in pipeline.queues for message in pipeline.emulator.messages(queue)}
    assert received == {0}

    terraform.apply(f"-var=lanes={json.dumps({'starts_per_day': PER_DAY})}", *DISPATCH)
    not_at_midnight()
    for _ in range(3):
        pipeline.tick()
    assert len(pipeline.runs("urgent/held/")) == PER_DAY
    assert pipeline.waiting() == PER_DAY

    terraform.apply(*DISPATCH)
    pipeline.work_off()
    assert judge_orders.exactly_once(uploads, pipeline.runs("urgent/held/")) == []


def test_a_protected_lane_is_not_removed_and_nothing_changes_meanwhile(site: Site, pipelines: dict[str, Pipeline]) -> None:
    terraform, pipeline = site.roots["pipelines"].terraform, pipelines["lanes"]
    terraform.apply(f"-var=lanes={json.dumps({'protect': True})}", *ALL)
    before = site.made(), settings(pipeline)
    with pytest.raises(TerraformError) as refused:
        terraform.apply(f"-var=lanes={json.dumps({'protect': True, 'urgent': False})}", *ALL)
    assert re.search(r"deleting SNS Topic .*:lanes_kept-until-protect-is-false_events_urgent", str(refused.value))
    assert len(re.findall(r"(?m)^\W*Error: ", str(refused.value))) == 1
    assert (site.made(), settings(pipeline)) == before
    terraform.apply(*ALL)


def settings(pipeline: Pipeline) -> list:
    """The results of the lanes."""
    notification = pipeline.aws.s3.get_bucket_notification_configuration(Bucket=pipeline.bucket)
    notification.pop("ResponseMetadata")
    functions = [pipeline.outputs[f"{handler}_function_name"] for handler in ("dispatch", "ingest", "settle")]
    environments = [pipeline.aws.lambda_.get_function_configuration(FunctionName=name)["Environment"] for name in functions]
    roles = [pipeline.outputs[f"{handler}_role_arn"].rsplit("/", 1)[1] for handler in ("dispatch", "ingest", "settle")]
    policies = [pipeline.aws.iam.get_role_policy(RoleName=role, PolicyName=role.split("_")[1])["PolicyDocument"] for role in roles]
    return [notification, *environments, *policies]
