"""Uploads in a burst."""

from concurrent.futures import ThreadPoolExecutor

from emulator.aws import Aws

from demo.reports import Report

THREADS = 8


def upload(aws: Aws, bucket: str, reports: list[Report]) -> None:
    """Uploads all reports at once, except those of one object: they go up in turn."""
    by_key: dict[str, list[Report]] = {}
    for report in reports:
        by_key.setdefault(report.key, []).append(report)

    def put(versions: list[Report]) -> None:
        for report in versions:
            answer = aws.s3.put_object(Bucket=bucket, Key=report.key, Body=report.body, ContentType="application/json")
            assert answer["ETag"].strip('"') == report.etag

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(put, by_key.values()))
