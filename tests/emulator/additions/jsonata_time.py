"""An expression can take its time: MiniStack gives it a second, as AWS does, but of a clock that other threads use up too."""

import jsonata

SECONDS = 60


def add() -> None:
    plain = jsonata.Jsonata.jsonata

    def compiled(expression: str, timeout: int = 0) -> jsonata.Jsonata:
        return plain(expression, timeout=SECONDS * 1_000)

    jsonata.Jsonata.jsonata = staticmethod(compiled)
