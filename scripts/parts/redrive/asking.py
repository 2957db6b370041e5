"""The message that asks for a row's next attempt, as the handlers write it.

`tests/scripts/asking.json` holds examples that the Rust tests and the Python tests both read.
"""

import hashlib
import json
import re
from collections.abc import Iterable

from redrive.errors import RedriveError

# As in handlers/spillway/src/lib.rs.
SCHEMA_VERSION = 1
# Bytes, as in handlers/spillway/src/execution/name.rs and handlers/spillway/src/message/fifo.rs.
_ID, _GROUP, _CAUSE = 16, 16, 8
# As in handlers/spillway/src/event/mod.rs.
_SEQUENCER = re.compile(r"[0-9A-Fa-f]{1,32}")


class UnreadableError(RedriveError):
    """A row of which this release can make no message."""


def object_event(row: dict) -> dict:
    """`row`: an item as DynamoDB answers it."""
    bucket, slash, key = row["pk"]["S"].partition("/")
    sequencer = row.get("sequencer", {}).get("S")
    schema = int(row.get("v", {}).get("N", SCHEMA_VERSION))
    known = slash and (sequencer is None or _SEQUENCER.fullmatch(sequencer)) and abs(schema - SCHEMA_VERSION) <= 1
    if not known or "event_name" not in row or "event_time" not in row:
        raise UnreadableError(f"{row['pk']['S']} {row['sk']['S']}: no row that this release can read")
    return {
        "bucket": bucket,
        "key": key,
        "versionId": row.get("version_id", {}).get("S"),
        "size": int(row["size"]["N"]) if "size" in row else None,
        "etag": row.get("etag", {}).get("S"),
        # S3 gives it in its events only.
        "sequencer": sequencer,
        "eventName": row["event_name"]["S"],
        "eventTime": row["event_time"]["S"],
    }


def message(pipeline: str, row: dict, attempt: int, cause: str, fifo: bool) -> dict:
    """An entry of SendMessageBatch, without its Id. `pipeline`: the ARN of the ledger."""
    event = object_event(row)
    own = {"spillway": SCHEMA_VERSION, "object": event}
    if event["sequencer"] is None:
        own["reconciled"] = True
    body = json.dumps(own, ensure_ascii=False, separators=(",", ":"))
    attributes = {"attempt": {"DataType": "Number", "StringValue": str(attempt)}}
    if "lane" in row:
        attributes["lane"] = {"DataType": "String", "StringValue": row["lane"]["S"]}
    entry = {
        # The two characters that JSON allows and SQS refuses.
        "MessageBody": body.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff"),
        "MessageAttributes": attributes,
    }
    if fifo:
        named = [pipeline, event["bucket"], event["key"]]
        id_ = _digest([*named, row["sk"]["S"]], _ID)
        entry["MessageGroupId"] = _digest(named, _GROUP)
        entry["MessageDeduplicationId"] = f"{id_}-{attempt}-{_digest([cause], _CAUSE)}"
    return entry


def _digest(parts: Iterable[str], size: int) -> str:
    hash_ = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        hash_.update(len(encoded).to_bytes(8, "big"))
        hash_.update(encoded)
    return hash_.digest()[:size].hex()
