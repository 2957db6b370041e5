"""The module's own repository, as Terraform's registry wants it: the module at its root, and a tag for each release."""

import datetime
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from program import processes

from release.error import ReleaseError

_AUTHOR = ("Spillway releases", "releases@spillway.invalid")


def push(files: dict[str, bytes], tag: str, branch: str, day: datetime.date, repository: str) -> str:
    """Commits the files as the branch's next state, tags it and pushes both; returns the commit.

    A tag that is there with the same files is left as it is, and one with others is refused.
    """
    with tempfile.TemporaryDirectory(prefix="spillway-release-") as directory:
        git = _Git(Path(directory), day)
        git.run("init", "--quiet", "--initial-branch", branch)
        git.run("remote", "add", "origin", repository)
        if git.remote_has(f"refs/heads/{branch}"):
            git.run("fetch", "--quiet", "--depth", "1", "origin", branch)
            git.run("reset", "--quiet", "--soft", "FETCH_HEAD")
        _write(files, Path(directory))
        git.run("add", "--all", "--force", ".")
        tree = git.run("write-tree")
        if git.remote_has(f"refs/tags/{tag}"):
            git.run("fetch", "--quiet", "--depth", "1", "origin", "tag", tag)
            if git.run("rev-parse", f"{tag}^{{tree}}") == tree:
                return git.run("rev-parse", f"{tag}^{{commit}}")
            raise ReleaseError(
                f"{repository} has a {tag} with other files: a tag that people use never moves; release the next version"
            )
        git.run("commit", "--quiet", "--allow-empty", "--message", f"Spillway {tag}")
        git.run("tag", tag)
        git.run("push", "--quiet", "--atomic", "origin", f"HEAD:refs/heads/{branch}", f"refs/tags/{tag}")
        return git.run("rev-parse", "HEAD")


def _write(files: dict[str, bytes], directory: Path) -> None:
    for path in directory.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class _Git:
    def __init__(self, directory: Path, day: datetime.date) -> None:
        self._directory = directory
        name, address = _AUTHOR
        moment = f"{day.isoformat()}T00:00:00+0000"
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key.startswith("GIT_CONFIG")},
            **{f"GIT_{who}_NAME": name for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": address for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_DATE": moment for who in ("AUTHOR", "COMMITTER")},
        }

    def run(self, *arguments: str) -> str:
        # A person's own settings, such as signing, are not for this repository.
        plain = [
            "-c",
            "commit.gpgsign=false",
            "-c",
            "tag.gpgsign=false",
            "-c",
            "core.autocrlf=false",
            "-c",
            "core.hooksPath=/dev/null",
        ]
        command = ["git", *plain, *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        result = processes.run(command, cwd=self._directory, env=self._environment, **pipes)
        if result.returncode != 0:
            raise ReleaseError(f"git {arguments[0]} failed: {result.stderr.strip()}")
        return result.stdout.strip()

    def remote_has(self, reference: str) -> bool:
        return bool(self.run("ls-remote", "origin", reference))
