"""A state machine that was there before, behind an alias; and everything encrypted with a key of one's own."""

import json
import urllib.parse

import judge_orders
import pytest
from one_pipeline import Pipeline
from sites import Site

pytestmark = pytest.mark.xdist_group("pipelines")


def test_an_alias_is_started_with_the_notification_as_s3_wrote_it(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["existing"]
    alias = pipeline.outputs["start_arn"]
    assert alias.endswith(":existing-machine:live")
    uploads = [pipeline.put(f"lambda/{name}") for name in ("plain.json", "a b+c%.json", "fails-first.json")]
    pipeline.until_waiting(len(uploads))
    pipeline.work_off()
    runs = pipeline.runs()
    assert judge_orders.exactly_once(uploads, runs) == []
    listed = pipeline.aws.stepfunctions.list_executions(stateMachineArn=alias)["executions"]
    for execution in listed:
        shown = pipeline.aws.stepfunctions.describe_execution(executionArn=execution["executionArn"])
        assert shown["stateMachineAliasArn"] == alias
        record = json.loads(shown["input"])["Records"][0]
        assert record["eventSource"] == "aws:s3"
        assert urllib.parse.unquote_plus(record["s3"]["object"]["key"]) in {upload.key for upload in uploads}


def test_queues_table_logs_and_environments_are_encrypted_with_the_key(site: Site, pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["existing"]
    key, aws, outputs = site.roots["pipelines"].outputs["key_arn"], pipeline.aws, pipeline.outputs
    urls = [*pipeline.queues, *(lane["dead_letter_queue_url"] for lane in outputs["lanes"].values())]
    urls += [outputs["outcomes_queue_url"], outputs["outcomes_dead_letter_queue_url"], outputs["ingest_failure_queue_url"]]
    for url in urls:
        attributes = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert attributes["KmsMasterKeyId"] == key, url
    table = aws.dynamodb.describe_table(TableName=outputs["ledger_table_name"])["Table"]
    assert table["SSEDescription"]["KMSMasterKeyArn"] == key
    for name in filter(None, outputs["log_group_names"].values()):
        (group,) = aws.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        assert group["kmsKeyId"] == key, name
    for name in (outputs[f"{handler}_function_name"] for handler in ("dispatch", "ingest", "settle")):
        assert aws.lambda_.get_function_configuration(FunctionName=name)["KMSKeyArn"] == key, name
