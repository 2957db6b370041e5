"""The scripts and the emulator write keys as the core does."""

import json

import pytest
from program.paths import ROOT

from emulator.additions import s3_keys

TABLE = json.loads((ROOT / "tests/cases/s3-keys.json").read_text())


def test_the_table_has_every_printable_character() -> None:
    assert [chr(byte) for byte in range(ord(" "), ord("~") + 1) if chr(byte) not in TABLE] == []


@pytest.mark.parametrize("key", TABLE)
def test_a_key_is_written_as_s3_writes_it(key: str) -> None:
    assert s3_keys.encoded(key) == TABLE[key]
