"""Mirrors of Terraform's plugins are found, not known."""

from pathlib import Path

import pytest
from tools import terraform_plugins


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(terraform_plugins, "_places", lambda: iter([tmp_path]))
    monkeypatch.setattr(terraform_plugins, "TOOLS", tmp_path / "tools")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    return tmp_path


def add(mirror: Path, version: str, platform: str = "") -> None:
    (mirror / terraform_plugins.PROVIDER / version / (platform or terraform_plugins._platform())).mkdir(parents=True)


def test_the_newest_version_of_the_right_major_is_taken(nowhere: Path) -> None:
    for version in ("5.9.0", "5.100.0", "5.90.1", "6.1.0"):
        add(nowhere, version)
    assert terraform_plugins.find_mirror() == (nowhere.resolve(), "5.100.0")
    settings = terraform_plugins.environment(nowhere / "config")
    assert str(nowhere.resolve()) in Path(settings["TF_CLI_CONFIG_FILE"]).read_text()


def test_a_mirror_for_other_platforms_is_none(nowhere: Path) -> None:
    add(nowhere, "5.100.0", "plan9_mips")
    assert terraform_plugins.find_mirror() is None


def test_without_a_mirror_plugins_come_from_the_registry_through_a_cache(nowhere: Path) -> None:
    settings = terraform_plugins.environment(nowhere / "config")
    assert settings["TF_PLUGIN_CACHE_DIR"] == str(nowhere / "tools/terraform-plugins")
    assert "filesystem_mirror" not in Path(settings["TF_CLI_CONFIG_FILE"]).read_text()


def test_a_configuration_of_ones_own_is_left_alone(nowhere: Path) -> None:
    (nowhere / ".terraformrc").write_text("")
    assert terraform_plugins.environment(nowhere / "config")["TF_CLI_CONFIG_FILE"] == str(nowhere / ".terraformrc")


def test_a_packed_mirror_is_found(nowhere: Path) -> None:
    directory = nowhere / terraform_plugins.PROVIDER
    directory.mkdir(parents=True)
    (directory / f"terraform-provider-aws_5.99.1_{terraform_plugins._platform()}.zip").touch()
    assert terraform_plugins.find_mirror() == (nowhere.resolve(), "5.99.1")


def test_a_pinned_version_is_that_one_or_comes_from_the_registry(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("5.90.0", "5.100.0"):
        add(nowhere, version)
    monkeypatch.setattr(terraform_plugins, "PINNED", "5.90.0")
    assert terraform_plugins.find_mirror() == (nowhere.resolve(), "5.90.0")
    terraform_plugins.pin(nowhere)
    assert 'version = "5.90.0"' in (nowhere / "pinned_provider_override.tf").read_text()
    monkeypatch.setattr(terraform_plugins, "PINNED", "~> 6.0")
    assert terraform_plugins.find_mirror() is None
    assert terraform_plugins.version() == "~> 6.0"
