"""EventBridge's targets, as far as MiniStack's differ: they need permission, and can have a dead-letter queue."""

import hashlib
import json
import threading
import time

from ministack.core.responses import get_account_id
from ministack.services import eventbridge, lambda_svc, sqs

from emulator.additions import service_calls

SERVICE = "events.amazonaws.com"


def add(lock: threading.RLock) -> None:
    plain = eventbridge._invoke_target

    def invoke(target: dict, event: dict, rule: dict, view: object = None) -> None:
        arn = target["Arn"]
        refusal = _refusal(arn, rule)
        if not refusal:
            plain(target, event, rule, view)
            return
        eventbridge.logger.error("EventBridge: %s gets nothing of %s: %s", arn, rule["Arn"], refusal)
        if dead := (target.get("DeadLetterConfig") or {}).get("Arn"):
            shown = (view or eventbridge._pattern_event_view(event)).event_with_detail()
            with lock:
                _dead_letter(dead, json.dumps(shown), {"RULE_ARN": rule["Arn"], "TARGET_ARN": arn, "ERROR_CODE": refusal})

    eventbridge._invoke_target = invoke


def _refusal(arn: str, rule: dict) -> str | None:
    if ":sqs:" in arn:
        if not sqs._queue_by_arn(arn):
            return "NO_RESOURCE"
        return None if service_calls.may_send(arn, SERVICE, rule["Arn"], get_account_id()) else "NO_PERMISSIONS"
    if ":lambda:" in arn:
        if not lambda_svc._get_func_record_for_ref(arn)[0]:
            return "NO_RESOURCE"
        return None if service_calls.may_invoke(arn, SERVICE, rule["Arn"], get_account_id()) else "NO_PERMISSIONS"
    return None


def _dead_letter(arn: str, body: str, attributes: dict[str, str]) -> None:
    if not service_calls.may_send(arn, SERVICE, attributes["RULE_ARN"], get_account_id()):
        eventbridge.logger.error("EventBridge: the dead-letter queue %s refuses too: an event is lost", arn)
        return
    now = time.time()
    message = {
        "id": sqs.new_uuid(),
        "body": body,
        "md5_body": hashlib.md5(body.encode()).hexdigest(),
        "receipt_handle": None,
        "sent_at": now,
        "visible_at": now,
        "receive_count": 0,
        "message_attributes": {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
        "sys": sqs._build_send_sys_attrs(now, {}),
    }
    sqs._ensure_msg_fields(message)
    sqs._queue_by_arn(arn)["messages"].append(message)
