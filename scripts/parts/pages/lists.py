"""Lists within lists: documents indent them by the width of the marker, and the site's Markdown by four columns a level."""

import re

_FENCE = re.compile(r" *```")
_ITEM = re.compile(r"( *)([-*+]|\d+[.)]) +(?=\S)")


def indented(text: str) -> str:
    """The text with each part of a list item four columns in for each list around it."""
    lines, contents, fenced, blank = [], [], False, False
    for line in text.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and line.strip():
            depth = len(line) - len(line.lstrip(" "))
            item = _ITEM.match(line)
            # A line without indentation goes on with a paragraph, or ends the list.
            if item or blank or depth:
                contents = [column for column in contents if column <= depth]
            if contents and depth:
                line = " " * (4 * len(contents) + depth - contents[-1]) + line.lstrip(" ")
            if item:
                contents.append(item.end())
        blank = not line.strip()
        lines.append(line)
    return "\n".join(lines)
