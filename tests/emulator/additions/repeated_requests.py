"""A request that Terraform repeats is answered as it was the first time; MiniStack would carry it out again.

On a busy machine an answer is lost, rarely. The SDK then sends the request again, under the same invocation id. An apply
fails then with "already exists", or a destroy with "does not exist". The handlers' repeats are carried out again, as on AWS.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import hypercorn.asyncio

logger = logging.getLogger("repeated_requests")

KEPT = 2000
# A larger answer is an object's content, which is only read.
KEPT_BYTES = 256 * 1024

Application = Callable[..., Awaitable[None]]


class Answered:
    """The newest answers, by invocation id; none for a status of 500 or more, so that the repeated request is carried out."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._answers: OrderedDict[bytes, asyncio.Future[list[dict] | None]] = OrderedDict()

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        headers = dict(scope.get("headers") or [])
        invocation = headers.get(b"amz-sdk-invocation-id")
        if scope["type"] != "http" or not invocation or b"Terraform/" not in headers.get(b"user-agent", b""):
            return await self._application(scope, receive, send)

        # The first can still be at work.
        earlier = await self._answers[invocation] if invocation in self._answers else None
        if earlier:
            attempt = headers.get(b"amz-sdk-request", b"").decode()
            logger.warning("%s %s: repeated, answered as before", invocation.decode(), attempt)
            while (await receive()).get("more_body"):
                pass
            for message in earlier:
                await send(message)
            return None

        answer = self._answers[invocation] = asyncio.get_running_loop().create_future()
        if len(self._answers) > KEPT:
            self._answers.popitem(last=False)
        messages: list[dict] = []

        async def keep_and_send(message: dict) -> None:
            messages.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answer.set_result(messages if worth_keeping(messages) else None)
            await send(message)

        try:
            return await self._application(scope, receive, keep_and_send)
        finally:
            if not answer.done():
                answer.set_result(None)


def worth_keeping(messages: list[dict]) -> bool:
    return messages[0]["status"] < 500 and sum(len(message.get("body", b"")) for message in messages) <= KEPT_BYTES


def add() -> None:
    plain = hypercorn.asyncio.serve

    async def serve(app: Application, config: hypercorn.Config, **options: Any) -> None:
        await plain(Answered(app), config, **options)

    hypercorn.asyncio.serve = serve
