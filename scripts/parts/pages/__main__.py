"""Builds the site: every document of the work tree, with its pictures, by MkDocs."""

import argparse
import os
import shutil
import subprocess
from pathlib import Path

from program import entry, processes
from program.paths import ROOT, TARGET
from release import workspace
from tools import venvs

from pages import linked, lists

CONFIG = ROOT / "docs/mkdocs.yml"
SHOWN = (".md", ".svg", ".css")


class SiteError(Exception):
    pass


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/site",
        description="Builds the documents as a static site. Open index.html by a web server: python3 -m http.server.",
    )
    parser.add_argument("--out", type=Path, default=TARGET / "site", help="the directory of the site (default: target/site)")
    address = f"https://github.com/{workspace.repository()}"
    parser.add_argument("--repository", default=address, help=f"the repository that links to files lead to (default: {address})")
    return parser.parse_args(arguments)


def files() -> list[str]:
    """Documents and their pictures: tracked ones and new ones."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    ran = processes.run(command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True)
    if ran.returncode != 0:
        raise SiteError("git does not list the files: build the site in a clone of the repository")
    listed = ran.stdout.split("\0")
    return sorted(name for name in listed if name.endswith(SHOWN) and name[0] != "." and (ROOT / name).is_file())


def copy(source: Path, repository: str) -> None:
    """Copies each file to its place in the repository, so that links between documents still work."""
    names = files()
    for name in names:
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / name).read_text()
        path.write_text(lists.indented(linked.document(text, name, set(names), repository)) if name.endswith(".md") else text)


def build(out: Path, repository: str) -> None:
    source = out.parent / f"{out.name}-source"
    shutil.rmtree(source, ignore_errors=True)
    copy(source / "pages", repository)
    config = source / "mkdocs.yml"
    own = {"docs_dir": source / "pages", "site_dir": out.absolute(), "repo_url": repository}
    config.write_text("".join(f"{name}: {value}\n" for name, value in own.items()) + CONFIG.read_text())
    mkdocs = venvs.ensure("site").parent / "mkdocs"
    # Material tells of its successor, on every build.
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "true", "DISABLE_MKDOCS_2_WARNING": "true"}
    # Not --quiet: a warning that is not logged does not count for --strict.
    command = [str(mkdocs), "build", "--strict", "--config-file", str(config)]
    ran = processes.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ran.returncode != 0:
        raise SiteError(f"MkDocs refuses the documents:\n{ran.stdout}")


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    build(options.out.absolute(), options.repository)
    print(f"The site is in {options.out}.")
    return 0


if __name__ == "__main__":
    entry.run("scripts/site", main, SiteError, venvs.VenvError)
