"""One queue: found by its name, URL or ARN, and how much lies in it."""

from dataclasses import dataclass

from redrive.aws_api import Api, ApiError
from redrive.errors import RedriveError


@dataclass(frozen=True)
class Queue:
    url: str
    arn: str
    waiting: int
    in_flight: int

    @property
    def name(self) -> str:
        return self.arn.rsplit(":", 1)[1]

    @property
    def is_fifo(self) -> bool:
        return self.name.endswith(".fifo")


def find(api: Api, given: str) -> Queue:
    """The queue of that URL, ARN or name."""
    try:
        if given.startswith("arn:"):
            _, _, _, _, account, name = given.split(":")
            url = api.sqs("GetQueueUrl", QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        elif "://" in given:
            url = given
        else:
            url = api.sqs("GetQueueUrl", QueueName=given)["QueueUrl"]
        names = ["QueueArn", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = api.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=names)["Attributes"]
    except ApiError as error:
        if error.code.endswith(("NonExistentQueue", "QueueDoesNotExist")):
            raise RedriveError(
                f"there is no queue {given} in this account and region: look at the pipeline's name, --lane, --region and --profile"
            ) from error
        raise
    return Queue(url, attributes["QueueArn"], int(attributes[names[1]]), int(attributes[names[2]]))


def exists(api: Api, given: str) -> bool:
    try:
        find(api, given)
    except RedriveError:
        return False
    return True
