"""A Glue job of type Python shell: one compact file of a batch of device reports, and word of those it could not read.

    job.py --manifest s3://work/manifests/X.json --result s3://work/results/X.json --table s3://work/reports/

The manifest is the workflow's input: {"attempt": 1, "objects": [{"id", "bucket", "key", "versionId"}, ...]}.
The result is the workflow's output: {"batchItemFailures": [{"itemIdentifier": id}], ...}.
With `--local DIRECTORY` buckets are directories below that one, and nothing of AWS is needed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

# Objects that are read at the same time: reading waits, it does not compute.
READERS = 8
# Of each reason, so that the result stays far below the 256 KiB that a state takes.
REASON_CHARACTERS = 200
# As in the example device-status.
DEVICE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:-]{0,127}")
STATUS = re.compile(r"[a-z][a-z0-9_-]{0,31}")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?Z")


class BrokenReportError(Exception):
    pass


class S3:
    def __init__(self) -> None:
        # Boto3 is built on it; every Glue job has it.
        import botocore.config
        import botocore.session

        config = botocore.config.Config(max_pool_connections=READERS, retries={"mode": "standard", "max_attempts": 5})
        self._client = botocore.session.get_session().create_client("s3", config=config)

    def get(self, bucket: str, key: str, version: str | None = None) -> bytes:
        which = {"VersionId": version} if version else {}
        return self._client.get_object(Bucket=bucket, Key=key, **which)["Body"].read()

    def put(self, bucket: str, key: str, body: bytes) -> None:
        self._client.put_object(Bucket=bucket, Key=key, Body=body)


class Directory:
    def __init__(self, root: Path) -> None:
        self._root = root

    def get(self, bucket: str, key: str, version: str | None = None) -> bytes:
        return (self._root / bucket / key).read_bytes()

    def put(self, bucket: str, key: str, body: bytes) -> None:
        path = self._root / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def place(uri: str) -> tuple[str, str]:
    """Bucket and key of s3://bucket/key."""
    parts = urlsplit(uri)
    return parts.netloc, parts.path.lstrip("/")


def row(report: object, item: dict) -> dict:
    """The report as a row of the table, with the object it came from."""
    if not isinstance(report, dict):
        raise BrokenReportError("the document is not a JSON object")
    for name, form in (("device_id", DEVICE), ("status", STATUS), ("time", TIME)):
        if not isinstance(report.get(name), str) or not form.fullmatch(report[name]):
            raise BrokenReportError(f"{name} is missing or has another form")
    try:
        datetime.strptime(report["time"][:19], "%Y-%m-%dT%H:%M:%S")
    except ValueError as error:
        raise BrokenReportError(f"time is none: {error}") from error
    read = {name: report[name] for name in ("device_id", "status", "time")}
    return {**read, "object": f"{item['bucket']}/{item['key']}", "version_id": item.get("versionId")}


def read(store: S3 | Directory, item: dict) -> tuple[dict | None, str | None]:
    """The object's row, or the reason why there is none: a fault in one object does not fail the others."""
    try:
        body = store.get(item["bucket"], item["key"], item.get("versionId"))
        return row(json.loads(body), item), None
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"[:REASON_CHARACTERS]


def work(store: S3 | Directory, manifest: str, result: str, table: str) -> dict:
    """Everything the job does; the result comes last, so that one that is there is true."""
    items = json.loads(store.get(*place(manifest)))["objects"]
    with ThreadPoolExecutor(READERS) as pool:
        found = list(pool.map(lambda item: read(store, item), items))
    rows = [row for row, _ in found if row]
    reasons = {item["id"]: reason for item, (_, reason) in zip(items, found) if reason}
    file = None
    if rows:
        # Named after the manifest: a second run of the same batch replaces the file and adds nothing.
        file = f"{table}{place(manifest)[1].rsplit('/', 1)[-1].rsplit('.', 1)[0]}.json.gz"
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        store.put(*place(file), gzip.compress(lines.encode(), mtime=0))
    answer = {
        "batchItemFailures": [{"itemIdentifier": id_} for id_ in reasons],
        "reasons": reasons,
        "rows": len(rows),
        "file": file,
    }
    store.put(*place(result), json.dumps(answer).encode())
    return answer


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--result", required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--local", type=Path)
    # Glue adds arguments of its own.
    options, _ = parser.parse_known_args(arguments)
    store = Directory(options.local) if options.local else S3()
    answer = work(store, options.manifest, options.result, options.table)
    print(f"{answer['rows']} rows in {answer['file']}, {len(answer['reasons'])} objects failed")
    for id_, reason in answer["reasons"].items():
        print(f"{id_}: {reason}")


if __name__ == "__main__":
    main()
