"""Event buses between accounts."""

import json

from emulator import Emulator
from emulator.aws import Aws
from emulator.resources import NUMBERS, OTHER, queue, receive, until


def test_a_bus_takes_another_accounts_events_only_by_its_policy_and_the_rules_role(aws: Aws, emulator: Emulator) -> None:
    other = Aws(emulator.endpoint, OTHER)
    name = f"bus-{next(NUMBERS)}"
    url, arn = queue(aws, name, "events.amazonaws.com")
    bus = aws.events.create_event_bus(Name=name)["EventBusArn"]
    pattern = json.dumps({"source": ["test"], "account": [OTHER]})
    aws.events.put_rule(Name=name, EventBusName=name, EventPattern=pattern)
    aws.events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = other.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    other.events.put_rule(Name=name, EventPattern=json.dumps({"source": ["test"]}))
    other.events.put_targets(Rule=name, Targets=[{"Id": "bus", "Arn": bus, "RoleArn": role}])

    def send(detail: str) -> None:
        entry = {"Source": "test", "DetailType": "test", "Detail": json.dumps({"which": detail})}
        other.events.put_events(Entries=[entry])

    send("neither")
    allow = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}
    other.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps({"Statement": [allow]}))
    send("no policy")
    policy = {"Version": "2012-10-17", "Statement": [{**allow, "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}]}
    aws.events.put_permission(EventBusName=name, Policy=json.dumps(policy))
    assert json.loads(aws.events.describe_event_bus(Name=name)["Policy"]) == policy
    send("both")
    (message,) = until(lambda: receive(aws, url))
    assert json.loads(message["Body"])["detail"] == {"which": "both"}
