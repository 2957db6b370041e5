"""Requests that Terraform sends again."""

import json
import urllib.error
import urllib.request

from emulator import Emulator


def test_what_terraform_repeats_is_answered_as_the_first_time(emulator: Emulator) -> None:
    def create(group: str, invocation: str, attempt: int, agent: str) -> tuple[int, bytes]:
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "Logs_20140328.CreateLogGroup",
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/logs/aws4_request",
            "User-Agent": agent,
            "amz-sdk-invocation-id": invocation,
            "amz-sdk-request": f"attempt={attempt}; max=25",
        }
        body = json.dumps({"logGroupName": group}).encode()
        request = urllib.request.Request(emulator.endpoint, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()

    terraform, handler = "HashiCorp/1.0 Terraform/1.11.4", "aws-sdk-rust/1.3"
    first = create("repeated", "one", 1, terraform)
    assert first[0] == 200
    assert create("repeated", "one", 2, terraform) == first
    refused = create("repeated", "two", 1, terraform)
    assert refused[0] == 400
    assert b"ResourceAlreadyExistsException" in refused[1]
    assert create("once", "three", 1, handler)[0] == 200
    assert create("once", "three", 2, handler)[0] == 400
