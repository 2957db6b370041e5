"""Schedules of rules: MiniStack looks at them every 10 s, and its minute has 60.

SCHEDULE_SECONDS are the seconds from one firing of rate(1 minute) to the next; other rates are as much shorter. cron is not.
"""

from ministack.services import eventbridge

MINUTE = 60


def add(seconds: float) -> None:
    plain = eventbridge._parse_rate_seconds

    def scaled(expression: str) -> float | None:
        rate = plain(expression)
        return None if rate is None else rate * seconds / MINUTE

    eventbridge._parse_rate_seconds = scaled
    eventbridge._SCHEDULER_TICK_INTERVAL = seconds / MINUTE
