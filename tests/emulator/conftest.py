"""A bucket of a test."""

import pytest

from emulator.aws import Aws
from emulator.resources import NUMBERS


@pytest.fixture
def bucket(aws: Aws) -> str:
    name = f"additions-{next(NUMBERS)}"
    aws.s3.create_bucket(Bucket=name)
    aws.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name
