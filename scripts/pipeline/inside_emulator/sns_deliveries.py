"""SNS's filter policies on a message's body, which MiniStack does not apply through arrays such as S3's Records."""

from ministack.services import sns


def add() -> None:
    sns._body_lookup = _lookup


def _lookup(*bodies: dict):
    """As in SNS, an array matches if any of its elements does."""

    def lookup(key: str) -> tuple[bool, list, bool]:
        values = [value for body in bodies for value in _several(body.get(key)) if not isinstance(value, dict)]
        return bool(values), values, any(bodies)

    def child(key: str):
        inner = [value for body in bodies for value in _several(body.get(key)) if isinstance(value, dict)]
        return _lookup(*inner) if inner else None

    lookup.child = child
    return lookup


def _several(value: object) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]
