"""What a redrive cannot do, in words that say what to do instead."""


class RedriveError(Exception):
    pass
