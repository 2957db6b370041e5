"""A crash of Terraform itself is no answer: its tests run once more, and a second crash is told from its begin."""

from pathlib import Path

import pytest
from tools import terraform
from tools.terraform import Terraform, TerraformCrashError, TerraformError

CRASH = "fatal error: concurrent map writes\\n\\ngoroutine 7 [running]:\\n" + "main.go:1\\n" * 2000


def program(directory: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Terraform:
    """Terraform, played by a script that counts its runs in `runs`."""
    path = directory / "played"
    path.write_text(f"#!/bin/sh\necho run >> '{directory}/runs'\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(terraform, "PROGRAM", str(path))
    return Terraform(directory)


def runs(directory: Path) -> int:
    return len((directory / "runs").read_text().splitlines())


def test_one_crash_is_followed_by_the_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crashes_once = f"[ $(wc -l < '{tmp_path}/runs') -gt 1 ] && echo '{{}}' && exit 0\nprintf '{CRASH}'; exit 2"
    played = program(tmp_path, crashes_once, monkeypatch)
    with pytest.warns(UserWarning, match="run once more: terraform test crashed, with status 2"):
        assert played.test() == "{}\n"
    assert runs(tmp_path) == 2


def test_a_second_crash_is_told_from_its_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played = program(tmp_path, f"printf '{CRASH}'; exit 2", monkeypatch)
    with (
        pytest.warns(UserWarning, match="run once more"),
        pytest.raises(TerraformCrashError, match="fatal error: concurrent map writes\n\ngoroutine 7"),
    ):
        played.test()
    assert runs(tmp_path) == 2


@pytest.mark.parametrize(("status", "said"), [(1, "a run failed"), (2, "no such file")])
def test_a_failure_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, said: str) -> None:
    played = program(tmp_path, f"echo '{said}'; exit {status}", monkeypatch)
    if status == 1:
        assert played.test() == f"{said}\n"
    else:
        with pytest.raises(TerraformError, match=said) as told:
            played.test()
        assert not isinstance(told.value, TerraformCrashError)
    assert runs(tmp_path) == 1
