"""Another definition of a pipeline's state machine, for a while. Executions that start meanwhile run it to its end."""

import contextlib
import json
from collections.abc import Iterator

from one_pipeline import Pipeline, wait

# Nothing takes less time.
AT_ONCE = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


@contextlib.contextmanager
def defined(pipeline: Pipeline, definition: dict) -> Iterator[None]:
    sfn, machine = (pipeline.aws.stepfunctions, {"stateMachineArn": pipeline.state_machine})
    before = sfn.describe_state_machine(**machine)["definition"]
    sfn.update_state_machine(**machine, definition=json.dumps(definition))
    try:
        yield
    finally:
        sfn.update_state_machine(**machine, definition=before)


class Held:
    """Executions that run until they are let go, however slow the machine is."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline, self._sqs, self._sfn = pipeline, pipeline.aws.sqs, pipeline.aws.stepfunctions
        self._queue = self._sqs.create_queue(QueueName=f"{pipeline.name}-held")["QueueUrl"]
        # By the object's key, in the order of their starts.
        self._tokens: dict[str, str] = {}
        body = {"token.$": "$$.Task.Token", "key.$": "$.objects[0].key"}
        parameters = {"QueueUrl": self._queue, "MessageBody": body}
        resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
        hold = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}
        self.definition = {"StartAt": "Hold", "States": {"Hold": hold}}

    def keys(self) -> list[str]:
        """The objects with executions that are held, the first that started first."""
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                body = json.loads(message["Body"])
                self._tokens[body["key"]] = body["token"]
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return list(self._tokens)

    def let_go(self, *keys: str) -> None:
        """These succeed."""
        for key in keys:
            self._sfn.send_task_success(taskToken=self._tokens.pop(key), output="{}")

    def fail(self, key: str) -> None:
        self._sfn.send_task_failure(taskToken=self._tokens.pop(key), error="Drill", cause="the drill says so")

    def forget(self) -> None:
        self._sqs.delete_queue(QueueUrl=self._queue)

    def end(self) -> None:
        """All of them succeed, those too that have only begun."""

        def over() -> bool:
            self.let_go(*self.keys())
            return self._pipeline.executing() == 0

        wait(over, self._pipeline.left)


@contextlib.contextmanager
def holding(pipeline: Pipeline) -> Iterator[Held]:
    """Holds every execution that starts meanwhile. Afterwards none is held, also when a test has failed."""
    held = Held(pipeline)
    try:
        with defined(pipeline, held.definition):
            yield held
    finally:
        held.end()
        held.forget()
