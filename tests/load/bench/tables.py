"""Tables for people."""

import dataclasses


@dataclasses.dataclass
class Table:
    title: str
    head: list[str]
    rows: list[list[str]]

    def text(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.head, *self.rows)]
        lines = [self._line(row, widths) for row in (self.head, ["-" * width for width in widths], *self.rows)]
        return "\n".join([self.title, *lines])

    @staticmethod
    def _line(row: list[str], widths: list[int]) -> str:
        """Words on the left, numbers on the right."""
        first, *others = (
            cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(zip(row, widths))
        )
        return "  ".join([first, *others]).rstrip()


def number(value: float | None, digits: int = 1) -> str:
    """Without a value a dash: it was not measured."""
    return "–" if value is None else f"{value:,.{digits}f}"
