"""A fault that a person can fix."""


class ReleaseError(Exception):
    pass
