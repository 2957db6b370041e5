"""What a person can mend."""


class ReleaseError(Exception):
    pass
