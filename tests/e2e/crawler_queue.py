"""The messages in a crawler's queue. In the emulator no crawler reads it."""

import json

from emulator import Emulator
from one_pipeline import wait


def events(emulator: Emulator, queue: str) -> list[tuple[str, str]]:
    """Kind and key of each, the key as S3 writes it."""
    bodies = [json.loads(message["Body"]) for message in emulator.messages(queue)]
    return [
        (record["eventName"].split(":")[0], record["s3"]["object"]["key"]) for body in bodies for record in body.get("Records", [])
    ]


def until(emulator: Emulator, queue: str, expected: list[tuple[str, str]]) -> None:
    """Until they are there, and nothing else."""
    wait(lambda: events(emulator, queue) == expected, lambda: f"{events(emulator, queue)} instead of {expected}")
