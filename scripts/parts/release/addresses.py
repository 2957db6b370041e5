"""The addresses in documents: in the repository they are placeholders, in a release they lead somewhere."""

import posixpath
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from release.functions import USUAL

# The placeholder for the module's address in documents, as the registry would have it.
PLACEHOLDER = "OWNER/spillway/aws"
# The module's repository is called as the registry wants.
MODULE = "terraform-aws-spillway"

_SOURCE = re.compile(rf'"{PLACEHOLDER}(//[\w/.-]+)?"')
_LINK = re.compile(r"(\]\()([^)#\s:]+)(#[^)\s]*)?(\))")


@dataclass(frozen=True)
class Addresses:
    # OWNER/NAME of the project's repository.
    repository: str
    version: str
    # Of the functions that come along; each architecture has a tag, so that nobody downloads the other one.
    architecture: str = USUAL

    @property
    def owner(self) -> str:
        return self.repository.split("/")[0]

    @property
    def module_repository(self) -> str:
        return f"https://github.com/{self.owner}/{MODULE}"

    @property
    def tag(self) -> str:
        """In the module's repository. A version of it has no underscore."""
        return f"v{self.version}" + ("" if self.architecture == USUAL else f"-{self.architecture.replace('_', '-')}")

    @property
    def archive(self) -> str:
        return f"spillway-terraform-{self.version}" + ("" if self.architecture == USUAL else f"-{self.architecture}") + ".zip"

    def source(self, below: str = "") -> str:
        """`below`: "" or //modules/queue."""
        return f"git::{self.module_repository}.git{below}?ref={self.tag}&depth=1"

    def asset(self, name: str) -> str:
        return f"https://github.com/{self.repository}/releases/download/v{self.version}/{name}"

    def file(self, path: str) -> str:
        """`path`: in the project's repository."""
        return f"https://github.com/{self.repository}/blob/v{self.version}/{path}"


def document(text: str, path: str, kept: str, addresses: Addresses) -> str:
    """A document of a release. `path`: its place in the repository. Files below `kept` come along, and links to them stay."""

    def link(found: re.Match) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), found[2]))
        if PurePosixPath(target).is_relative_to(kept):
            return found.group()
        return f"{found[1]}{addresses.file(target)}{found[3] or ''}{found[4]}"

    return _LINK.sub(link, sources(text, addresses))


def sources(text: str, addresses: Addresses) -> str:
    return _SOURCE.sub(lambda found: f'"{addresses.source(found[1] or "")}"', text)
