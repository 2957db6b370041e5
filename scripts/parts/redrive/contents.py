"""What a message in a queue of failures is about: its objects and its error, whoever put it there and in whatever dialect."""

import json
import urllib.parse
from dataclasses import dataclass

# Who says in which message attribute why a message is here: Spillway, EventBridge, SNS.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
REASONS = ("reason", "ERROR_CODE", "ERROR_MESSAGE", "EXHAUSTED_RETRY_CONDITION", "ErrorCode", "ErrorMessage")


@dataclass(frozen=True)
class Contents:
    # `<bucket>/<key>` of each; none if the body is not understood.
    objects: tuple[str, ...]
    error: str
    # When it was sent here, in milliseconds since the epoch. What SQS itself moved here keeps its first queue's time,
    # unless the queues are FIFO queues.
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
    sent_at: int
    # Somebody put an event here by hand and did not say which attempt it asks for. What SQS or a handler puts here says by its
    # attributes where it comes from.
    without_attempt: bool = False

    def __str__(self) -> str:
        about = self.objects[0] if self.objects else "(no object)"
        more = f" and {len(self.objects) - 1} more" if len(self.objects) > 1 else ""
        return f"{about}{more}: {self.error or '(no reason given)'}"


def of(message: dict) -> Contents:
    """`message`: as ReceiveMessage answers it, with all attributes."""
    attributes = message.get("MessageAttributes", {})
    # A binary one is nobody's reason.
    errors = [attributes[name]["StringValue"] for name in REASONS if "StringValue" in attributes.get(name, {})]
    try:
        body = json.loads(message["Body"])
    except ValueError:
        body = None
    try:
        objects, more = _of_body(body)
    except (KeyError, TypeError, AttributeError, ValueError):
        objects, more = [], []
    sent_at = int(message.get("Attributes", {}).get("SentTimestamp", 0))
    error = ": ".join(dict.fromkeys(filter(None, [*errors, *more])))
    by_sqs = "DeadLetterQueueSourceArn" in message.get("Attributes", {})
    by_hand = bool(objects) and not error and not by_sqs and "attempt" not in attributes
    return Contents(tuple(dict.fromkeys(objects)), error, sent_at, without_attempt=by_hand)


def _of_body(body: object) -> tuple[list, list]:
    if not isinstance(body, dict):
        return [], []
    if "requestPayload" in body:
        # What Lambda writes of a failed asynchronous invocation.
        # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
        answer = body.get("responsePayload") or {}
        answer = answer if isinstance(answer, dict) else {}
        said = [answer.get("errorType"), answer.get("errorMessage"), body.get("requestContext", {}).get("condition")]
        return _of_body(body["requestPayload"])[0], [text for text in said if isinstance(text, str)]
    if body.get("Type") == "Notification":
        return _of_body(json.loads(body["Message"]))
    if "spillway" in body and "object" in body:
        return [f"{body['object']['bucket']}/{body['object']['key']}"], []
    if "Records" in body:
        pairs = ((record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]) for record in body["Records"])
        return [f"{bucket}/{urllib.parse.unquote_plus(key)}" for bucket, key in pairs], []
    if body.get("source") == "aws.states" or "outcome" in body:
        ended = body.get("outcome") or body["detail"]
        return [], [text for text in (ended.get("status"), ended.get("error"), ended.get("cause")) if isinstance(text, str)]
    if "detail-type" in body:
        return [f"{body['detail']['bucket']['name']}/{body['detail']['object']['key']}"], []
    return [], []
