"""scripts/release, as a person runs it, with functions that do nothing. tests/e2e/test_released.py applies its release."""

import hashlib
import json
import re
import subprocess
import zipfile
from pathlib import Path

import pytest
import released
from build import targets, zips
from program.paths import ROOT
from release import changelog, registry_tree, tool, workspace
from release.addresses import PLACEHOLDER, Addresses, document
from release.error import ReleaseError
from released import REPOSITORY, VERSION
from tools.serving import served
from tools.terraform import Terraform, TerraformError

ADDRESSES = Addresses(REPOSITORY, VERSION)
ARCHIVE = ADDRESSES.archive
OTHER = Addresses(REPOSITORY, VERSION, "x86_64")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Directories of two machines."""
    base = tmp_path_factory.mktemp("parts")
    found = [released.functions(base / architecture, architecture) for architecture in ("arm64", "x86_64")]
    (found[0] / f"spillway-{VERSION}-aarch64-unknown-linux-gnu.tar.gz").write_bytes(b"the tool")
    return found


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repository = tmp_path_factory.mktemp("registry") / "terraform-aws-spillway.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch", "main", str(repository)], check=True)
    return repository


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, both: list[Path], bare: Path) -> Path:
    directory = tmp_path_factory.mktemp("out")
    result = released.release(*(f"--handlers={part}" for part in both), f"--out={directory}", f"--push={bare}")
    assert result.returncode == 0, result.stderr
    return directory


@pytest.fixture(scope="module")
def contents(out: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(out / ARCHIVE) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def git(repository: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(repository), *arguments], check=True, capture_output=True, text=True).stdout


def test_a_second_time_makes_the_same_bytes_and_what_is_somebody_elses_stays(out: Path, both: list[Path], tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("mine")
    (tmp_path / "spillway-terraform-0.0.1.zip").write_bytes(b"old")
    # The order in which machines are named changes nothing.
    result = released.release(*(f"--handlers={part}" for part in reversed(both)), f"--out={tmp_path}")
    assert result.returncode == 0, result.stderr
    assert files(tmp_path) == {**files(out), "own.txt": b"mine"}


def test_what_it_builds_itself_is_the_same_twice(tmp_path: Path) -> None:
    for name in ("one", "two"):
        result = released.release("--profile=dev", f"--out={tmp_path / name}")
        assert result.returncode == 0, result.stderr
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert tool.archive_name(VERSION, targets.host()) in files(tmp_path / "one")
    own = Addresses(REPOSITORY, VERSION, targets.host_architecture())
    assert own.archive in files(tmp_path / "one")


def test_the_sums_are_those_of_all_that_is_published(out: Path) -> None:
    lines = [line.split("  ") for line in (out / "SHA256SUMS").read_text().splitlines()]
    assert {name for _, name in lines} == set(files(out)) - {"SHA256SUMS", "RELEASE_NOTES.md"}
    assert {name for _, name in lines} == {
        f"spillway-terraform-{VERSION}.zip",
        f"spillway-terraform-{VERSION}-x86_64.zip",
        f"spillway-{VERSION}-aarch64-unknown-linux-gnu.tar.gz",
        f"spillway-{VERSION}-arm64.cdx.json",
        f"spillway-{VERSION}-x86_64.cdx.json",
    }
    for digest, name in lines:
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest


def test_the_archive_has_the_module_with_its_functions_and_no_tests(contents: dict[str, bytes]) -> None:
    for name in ("versions.tf", "modules/input/words.tf", "data/timezones.json", "examples/minimal/main.tf", "LICENSE"):
        assert f"terraform/{name}" in contents
    assert not [name for name in contents if "/tests/" in name or not name.startswith("terraform/")]
    manifest = json.loads(contents["terraform/dist/handlers.json"])
    assert set(manifest["handlers"]) == set(released.HANDLERS)
    assert all(list(builds) == ["arm64"] for builds in manifest["handlers"].values())
    entries = [entry for builds in manifest["handlers"].values() for entry in builds.values()]
    assert {f"terraform/dist/{entry['file']}" for entry in entries} == {name for name in contents if name.endswith(".zip")}


def test_another_architecture_has_an_archive_of_its_own(out: Path) -> None:
    with zipfile.ZipFile(out / OTHER.archive) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("terraform/dist/handlers.json"))
        readme = archive.read("terraform/README.md").decode()
    assert all(list(builds) == ["x86_64"] for builds in manifest["handlers"].values())
    assert len([name for name in names if name.endswith("-x86_64.zip")]) == len([n for n in names if n.endswith(".zip")]) == 4
    assert f'terraform-aws-spillway.git?ref=v{VERSION}-x86-64&depth=1"' in readme


def test_released_documents_have_the_real_address_and_no_link_leads_out_of_the_archive(contents: dict[str, bytes]) -> None:
    texts = {name: content.decode() for name, content in contents.items() if name.endswith((".md", ".tf"))}
    assert [name for name, text in texts.items() if "OWNER" in text or PLACEHOLDER in text] == []
    source = f"git::https://github.com/me-and-others/terraform-aws-spillway.git?ref=v{VERSION}&depth=1"
    assert f'"{source}"' in texts["terraform/README.md"]
    assert f'"{source.replace("?", "//modules/queue?")}"' in texts["terraform/modules/queue/README.md"]
    assert f'"{source}"' in texts["terraform/examples/device-status/main.tf"]
    assert f'"{source.replace("?", "//modules/glue-crawler?")}"' in "".join(
        text for name, text in texts.items() if "/examples/glue-crawler/" in name
    )
    assert [name for name, text in texts.items() if name.endswith(".tf") and "/examples/" in name and '"../../' in text] == []
    for name, text in texts.items():
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text) if name.endswith(".md") else []:
            path = (Path("/") / name).parent / target
            assert str(path.resolve()).startswith("/terraform"), (name, target)
    assert f"https://github.com/{REPOSITORY}/blob/v{VERSION}/docs/reference/matrix.md" in texts["terraform/README.md"]


def test_a_documents_links_within_the_release_stay() -> None:
    text = "[a](../docs/a.md#b) [c](modules/guard) [d](#here) [e](https://example.com/f) ![g](../docs/g.svg)"
    file = f"https://github.com/{REPOSITORY}/blob/v{VERSION}"
    assert document(text, "terraform/README.md", "terraform", ADDRESSES) == (
        f"[a]({file}/docs/a.md#b) [c](modules/guard) [d](#here) [e](https://example.com/f) ![g]({file}/docs/g.svg)"
    )


def test_the_address_stands_in_one_place_of_the_repository() -> None:
    listed = subprocess.run(["git", "grep", "-l", "-E", r"github\.com/OWNER"], cwd=ROOT, capture_output=True, text=True).stdout
    assert listed.split() == ["Cargo.toml"]


def test_the_notes_have_a_source_line_that_checks_the_archive(out: Path) -> None:
    notes = (out / "RELEASE_NOTES.md").read_text()
    digest = hashlib.sha256((out / ARCHIVE).read_bytes()).hexdigest()
    address = f"https://github.com/{REPOSITORY}/releases/download/v{VERSION}/{ARCHIVE}"
    assert f'source = "{address}//terraform?checksum=sha256:{digest}"' in notes
    assert f'source = "{ADDRESSES.source()}"' in notes
    assert hashlib.sha256((out / OTHER.archive).read_bytes()).hexdigest() in notes
    assert changelog.read(VERSION)[1] in notes


def test_the_sbom_has_what_is_compiled_in_and_no_more(out: Path) -> None:
    bom = json.loads((out / f"spillway-{VERSION}-arm64.cdx.json").read_text())
    components = {component["name"]: component for component in bom["components"]}
    assert {"dispatch", "settle", "ingest", "reconcile", "lambda_runtime", "tokio", "rustls"} <= components.keys()
    # Of tests and of build scripts.
    assert not {"proptest", "stateright", "dynoxide-rs", "cc"} & components.keys()
    assert [name for name, component in components.items() if not component.get("licenses")] == []
    # CycloneDX's library has compared the whole with the standard's schema.
    assert bom["specVersion"] == "1.6"
    assert all(re.fullmatch("[0-9a-f]{64}", component["hashes"][0]["content"]) for component in [components["tokio"]])


def root_of(root: Path, source: str) -> Terraform:
    root.mkdir()
    (root / "main.tf").write_text(f'module "spillway" {{\n  source = "{source}"\n}}\n')
    return Terraform(root)


def installed_from(root: Path, source: str) -> Path:
    """The module as Terraform installs it; no provider is asked for."""
    root_of(root, source).run("get", "-no-color")
    return root / ".terraform/modules/spillway"


def test_terraform_installs_the_archive_by_http(out: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256((out / ARCHIVE).read_bytes()).hexdigest()
    with served(out) as address:
        installed = installed_from(tmp_path / "root", f"{address}/{ARCHIVE}//terraform?checksum=sha256:{digest}")
    manifest = json.loads((installed / "terraform/dist/handlers.json").read_text())
    entry = manifest["handlers"]["dispatch"]["arm64"]
    assert zips.sha256(installed / "terraform/dist" / entry["file"]) == entry["sha256"]


def test_an_archive_that_is_another_is_not_installed(out: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(b"another").hexdigest()
    with served(out) as address, pytest.raises(TerraformError, match=r"(?i)checksums did not match"):
        root_of(tmp_path / "root", f"{address}/{ARCHIVE}//terraform?checksum=sha256:{digest}").init()
    assert not (tmp_path / "root/.terraform/modules/spillway/terraform").exists()


def test_terraform_installs_the_release_by_git(out: Path, bare: Path, tmp_path: Path, contents: dict[str, bytes]) -> None:
    installed = installed_from(tmp_path / "root", f"git::file://{bare}?ref=v{VERSION}&depth=1")
    there = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    assert {name.removeprefix("terraform/") for name in contents} == {name for name in there if not name.startswith(".git/")}
    assert {"main.tf" if (installed / "main.tf").exists() else "intake.tf", "README.md", "modules", "examples"} <= {
        path.name for path in installed.iterdir()
    }
    installed_from(tmp_path / "one module", f"git::file://{bare}//modules/queue?ref=v{VERSION}&depth=1")
    other = installed_from(tmp_path / "another architecture", f"git::file://{bare}?ref={OTHER.tag}&depth=1")
    assert "x86_64" in json.loads((other / "dist/handlers.json").read_text())["handlers"]["settle"]


def test_a_tag_never_moves(out: Path, bare: Path, both: list[Path], tmp_path: Path) -> None:
    before = git(bare, "rev-parse", f"v{VERSION}", "main")
    same = released.release(*(f"--handlers={part}" for part in both), f"--out={tmp_path / 'same'}", f"--push={bare}")
    assert same.returncode == 0, same.stderr
    day, _ = changelog.read(VERSION)
    with pytest.raises(ReleaseError, match="a tag that people use never moves"):
        registry_tree.push({"main.tf": b"another"}, f"v{VERSION}", "main", day, str(bare))
    assert git(bare, "rev-parse", f"v{VERSION}", "main") == before


def test_a_next_release_follows_the_one_before(both: list[Path], bare: Path, out: Path, tmp_path: Path) -> None:
    repository = tmp_path / "copy.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(bare), str(repository)], check=True)
    day, _ = changelog.read(VERSION)
    registry_tree.push({"main.tf": b"", "dist/a": b"1"}, "v9.0.0", "main", day, str(repository))
    assert git(repository, "rev-list", "--count", "main").strip() == "2"
    assert git(repository, "ls-tree", "-r", "--name-only", "v9.0.0").split() == ["dist/a", "main.tf"]
    assert "README.md" in git(repository, "ls-tree", "--name-only", f"v{VERSION}").split()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": "9.9.9"}, "has zips of version 9.9.9, and this release has version"),
        ({"protocol": 1}, "has zips of protocol 1, and this release has protocol"),
    ],
)
def test_functions_of_another_release_are_refused(change: dict, said: str, tmp_path: Path) -> None:
    parts = released.functions(tmp_path / "parts", "arm64", **change)
    result = released.release(f"--handlers={parts}", f"--out={tmp_path / 'out'}")
    assert (result.returncode, said in result.stderr) == (1, True), result.stderr


def test_a_zip_that_was_changed_is_refused(tmp_path: Path) -> None:
    parts = released.functions(tmp_path / "parts", "arm64")
    (parts / f"settle-{VERSION}-arm64.zip").write_bytes(b"another")
    result = released.release(f"--handlers={parts}", f"--out={tmp_path / 'out'}")
    assert (result.returncode, "is not the zip that handlers.json beside it names" in result.stderr) == (1, True)


def test_a_push_without_the_usual_functions_is_refused(both: list[Path], tmp_path: Path) -> None:
    result = released.release(f"--handlers={both[1]}", f"--out={tmp_path / 'out'}", "--push=nowhere")
    assert (result.returncode, "--push has no functions for arm64" in result.stderr) == (1, True), result.stderr


def test_an_archive_that_is_too_large_is_refused(tmp_path: Path) -> None:
    parts = released.functions(tmp_path / "parts", "arm64")
    (parts / "program").write_bytes(bytes(range(256)) * 70_000)
    zips.pack(parts / "program", parts / f"settle-{VERSION}-arm64.zip", level=0)
    manifest = json.loads((parts / "handlers.json").read_text())
    manifest["handlers"]["settle"]["arm64"]["sha256"] = zips.sha256(parts / f"settle-{VERSION}-arm64.zip")
    (parts / "handlers.json").write_text(json.dumps(manifest))
    result = released.release(f"--handlers={parts}", f"--out={tmp_path / 'out'}")
    assert (result.returncode, "16,000,000 is the most" in result.stderr) == (1, True), result.stderr


def test_a_version_that_cargo_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"change it to 99\.0\.0 there"):
        workspace.check_version("99.0.0")
    with pytest.raises(ReleaseError, match="is no version"):
        workspace.check_version("v1")


def test_the_changelog_is_read_by_version() -> None:
    text = (
        "# C\n\n## [Unreleased]\n\n- x\n\n## [2.0.0] - 2026-01-02\n\n### Added\n\n- y\n\n## [1.0.0] - 2025-01-01\n\n- z\n\n[1]: u\n"
    )
    day, news = changelog.section(text, "2.0.0")
    assert (day.isoformat(), news) == ("2026-01-02", "### Added\n\n- y")
    assert changelog.section(text, "1.0.0")[1] == "- z"
    with pytest.raises(ReleaseError, match="rename Unreleased"):
        changelog.section(text, "3.0.0")
