"""Step Functions' Distributed Map, as far as MiniStack's differs: batches, S3 Inventory, the permissions of a machine's role."""

import csv
import gzip
import io
import json

from ministack.services import s3, stepfunctions

from emulator.additions import service_calls

LIST = "s3:listObjectsV2"


def add() -> None:
    plain = stepfunctions._run_distributed_map

    def run(state: dict, raw_input: dict, effective: dict, iterator: dict, execution: dict, context: dict) -> tuple:
        role = stepfunctions._state_machines.get(execution["stateMachineArn"])["roleArn"]
        _check(role, "states:StartExecution", execution["stateMachineArn"])
        if "ItemReader" in state:
            effective = _read(state["ItemReader"], role, effective, context)
        if "ItemBatcher" in state:
            effective = _batches(state["ItemBatcher"], effective, raw_input, context)
        rest = {name: value for name, value in state.items() if name not in ("ItemBatcher", "ItemReader", "ItemsPath")}
        return plain(rest, raw_input, effective, iterator, execution, context)

    stepfunctions._run_distributed_map = run


def _read(reader: dict, role: str, effective: dict, context: dict) -> list:
    arguments = stepfunctions._resolve_params_obj(reader["Parameters"], effective, context)
    bucket = f"arn:aws:s3:::{arguments['Bucket']}"
    if reader["Resource"].endswith(LIST):
        _check(role, "s3:ListBucket", bucket, prefix=arguments["Prefix"])
    else:
        _check(role, "s3:GetObject", f"{bucket}/{arguments['Key']}")
    if (reader.get("ReaderConfig") or {}).get("InputType") == "MANIFEST":
        return _inventory(arguments["Bucket"], arguments["Key"], role)
    return stepfunctions._read_map_items(reader, effective, context)


def _inventory(bucket: str, key: str, role: str) -> list[dict]:
    """Every line of the files that the manifest names, by the manifest's columns."""
    manifest = json.loads(stepfunctions._s3_object_text(bucket, key))
    columns = [column.strip() for column in manifest["fileSchema"].split(",")]
    lines = []
    for file in manifest["files"]:
        _check(role, "s3:GetObject", f"arn:aws:s3:::{bucket}/{file['key']}")
        status, _, body = s3._get_object(bucket, file["key"], {}, {})
        if status != 200:
            raise stepfunctions._ExecutionError("States.ItemReaderFailed", f"There is no {file['key']} in {bucket}")
        text = io.StringIO(gzip.decompress(body).decode())
        lines += [dict(zip(columns, line, strict=True)) for line in csv.reader(text)]
    return lines


def _batches(batcher: dict, items: list, raw_input: dict, context: dict) -> list[dict]:
    """As many items as fit by number and by bytes, each batch with the same input of its own."""
    common = stepfunctions._resolve_params_obj(batcher.get("BatchInput") or {}, raw_input, context)
    most, bytes_ = batcher.get("MaxItemsPerBatch", len(items)), batcher.get("MaxInputBytesPerBatch", 262_144)
    own = len(json.dumps(common))
    batches: list[list] = []
    size = 0
    for item in items:
        length = len(json.dumps(item))
        if not batches or len(batches[-1]) == most or size + length > bytes_:
            batches.append([])
            size = own
        batches[-1].append(item)
        size += length
    return [{"BatchInput": common, "Items": batch} for batch in batches]


def _check(role: str, action: str, resource: str, **keys: str) -> None:
    if service_calls.role_may(role, action, resource, **keys):
        return
    error = "States.ItemReaderFailed" if action.startswith("s3:") else "States.Permissions"
    raise stepfunctions._ExecutionError(error, f"{role} is not authorized to perform {action} on {resource}")
