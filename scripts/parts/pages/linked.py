"""Links of documents, as a site has them: other documents and pictures stay, all else is in the repository."""

import posixpath
import re
from collections.abc import Collection

_LINK = re.compile(r"(\]\()([^)#\s:]+)(#[^)\s]*)?(\))|(^\[[^\]]+\]: +)([^#\s:]+)(#\S*)?()$", re.MULTILINE)
_FENCE = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)


def document(text: str, path: str, pages: Collection[str], repository: str) -> str:
    """`path`, `pages`: from the repository's root. `repository`: its address."""

    def link(found: re.Match) -> str:
        before, target, anchor, after = found.groups()[:4] if found[1] else found.groups()[4:]
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if place in pages:
            return found.group()
        if f"{place}/README.md" in pages:
            relative = posixpath.relpath(f"{place}/README.md", posixpath.dirname(path) or ".")
            return f"{before}{relative}{anchor or ''}{after}"
        return f"{before}{repository}/blob/main/{place}{anchor or ''}{after}"

    parts = _FENCE.split(text)
    parts[::2] = [_LINK.sub(link, part) for part in parts[::2]]
    return "".join(parts)
