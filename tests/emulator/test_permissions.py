"""Permissions of a batch of statements."""

import json

import botocore.exceptions
import pytest

from emulator import Emulator
from emulator.aws import Aws
from emulator.resources import NUMBERS


def test_each_statement_of_a_batch_asks_for_its_own_permission(aws: Aws, emulator: Emulator) -> None:
    name = f"statements-{next(NUMBERS)}"
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
    types = [{"AttributeName": "pk", "AttributeType": "S"}]
    table = aws.dynamodb.create_table(TableName=name, KeySchema=keys, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST")
    aws.iam.create_user(UserName=name)
    allowed = {"Effect": "Allow", "Action": "dynamodb:PartiQLInsert", "Resource": table["TableDescription"]["TableArn"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    aws.iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=policy)
    key = aws.iam.create_access_key(UserName=name)["AccessKey"]
    inserter = Aws(emulator.endpoint, key["AccessKeyId"], key["SecretAccessKey"])

    def insert(*values: str) -> list[str | None]:
        statement = f"INSERT INTO \"{name}\" VALUE {{'pk': ?}}"
        statements = [{"Statement": statement, "Parameters": [{"S": value}]} for value in values]
        responses = inserter.dynamodb.batch_execute_statement(Statements=statements)["Responses"]
        return [response.get("Error", {}).get("Code") for response in responses]

    assert insert("one", "two") == [None, None]
    assert insert("two", "three") == ["DuplicateItem", None]
    delete = {"Statement": f'DELETE FROM "{name}" WHERE pk = ?', "Parameters": [{"S": "one"}]}
    with pytest.raises(botocore.exceptions.ClientError, match="dynamodb:PartiQLDelete"):
        inserter.dynamodb.batch_execute_statement(Statements=[delete])
    assert aws.dynamodb.batch_execute_statement(Statements=[delete])["Responses"] == [{"TableName": name}]
    assert aws.dynamodb.scan(TableName=name)["Count"] == 2
