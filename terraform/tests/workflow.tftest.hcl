# Module workflow: aliases, and keys of one's own.

mock_provider "aws" {
  source = "./tests/mocks"

  mock_resource "aws_sfn_state_machine" {
    defaults = {
      arn                       = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports"
      state_machine_version_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:8"
    }
  }
  mock_resource "aws_sfn_alias" {
    defaults = {
      arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:live"
    }
  }
}

variables {
  name       = "reports"
  role_name  = "reports_workflow_eu-central-1"
  definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
}

run "plain" {
  module {
    source = "./modules/workflow"
  }

  assert {
    condition     = !aws_sfn_state_machine.this.publish && length(aws_sfn_alias.this) == 0 && output.version_arn == null
    error_message = "Without an alias nothing is published."
  }
  assert {
    condition     = output.start_arn == output.state_machine_arn
    error_message = "Without an alias the state machine itself is started: ${output.start_arn}"
  }
  assert {
    condition     = aws_sfn_state_machine.this.encryption_configuration[0].type == "AWS_OWNED_KEY" && aws_cloudwatch_log_group.this.kms_key_id == null
    error_message = "Without a key of one's own, AWS's are used."
  }
}

run "alias_of_the_newest_version" {
  module {
    source = "./modules/workflow"
  }

  variables {
    alias = { name = "live" }
  }

  assert {
    condition     = aws_sfn_state_machine.this.publish
    error_message = "Every change is published as a version."
  }
  assert {
    condition = aws_sfn_alias.this[0].routing_configuration == tolist([
      { state_machine_version_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:8", weight = 100 },
    ])
    error_message = "All starts go to the newest version: ${jsonencode(aws_sfn_alias.this[0].routing_configuration)}"
  }
  assert {
    condition = [output.start_arn, output.state_machine_arn, output.version_arn, output.execution_arn_pattern] == [
      "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:live",
      "arn:aws:states:eu-central-1:111122223333:stateMachine:reports",
      "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:8",
      "arn:aws:states:eu-central-1:111122223333:execution:reports:*",
    ]
    error_message = "Started is the alias; its executions are the state machine's."
  }
  assert {
    condition = [for s in jsondecode(aws_iam_role.this.assume_role_policy).Statement : s.Condition.ArnEquals["aws:SourceArn"]] == [
      "arn:aws:states:eu-central-1:111122223333:stateMachine:reports",
      "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:*",
    ]
    error_message = "Its versions may take the role too: ${aws_iam_role.this.assume_role_policy}"
  }
}

run "alias_of_two_versions" {
  module {
    source = "./modules/workflow"
  }

  variables {
    alias = {
      name                 = "live"
      previous_version_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:7"
      weight               = 10
    }
  }

  assert {
    condition = aws_sfn_alias.this[0].routing_configuration == tolist([
      { state_machine_version_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:8", weight = 10 },
      { state_machine_version_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:7", weight = 90 },
    ])
    error_message = "The new version gets its weight, the previous the rest: ${jsonencode(aws_sfn_alias.this[0].routing_configuration)}"
  }
}

run "alias_all_on_the_previous_version" {
  module {
    source = "./modules/workflow"
  }

  variables {
    alias = {
      name                 = "live"
      previous_version_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:7"
      weight               = 0
    }
  }

  assert {
    condition = aws_sfn_alias.this[0].routing_configuration == tolist([
      { state_machine_version_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:7", weight = 100 },
    ])
    error_message = "A weight of 0 takes the new version back: ${jsonencode(aws_sfn_alias.this[0].routing_configuration)}"
  }
}

run "alias_of_one_version_twice" {
  # Known by now: the run before has made the state machine.
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    alias = {
      name                 = "live"
      previous_version_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:8"
      weight               = 50
    }
  }

  expect_failures = [aws_sfn_alias.this]
}

run "alias_without_the_other_version" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    alias = { name = "live", weight = 50 }
  }

  expect_failures = [var.alias]
}

run "alias_with_a_version_of_another_state_machine" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    alias = { name = "live", weight = 50, previous_version_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:other:7" }
  }

  expect_failures = [var.alias]
}

run "alias_with_no_version_but_an_alias" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    alias = { name = "live", weight = 50, previous_version_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:live" }
  }

  expect_failures = [var.alias]
}

run "alias_with_a_number_for_a_name" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    alias = { name = "1" }
  }

  expect_failures = [var.alias]
}

run "alias_with_half_a_percent" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    alias = { name = "live", weight = 0.5, previous_version_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:7" }
  }

  expect_failures = [var.alias]
}

run "key" {
  module {
    source = "./modules/workflow"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/one" }
  }

  assert {
    condition = aws_sfn_state_machine.this.encryption_configuration[0] == {
      kms_data_key_reuse_period_seconds = 300
      kms_key_id                        = "arn:aws:kms:eu-central-1:111122223333:key/one"
      type                              = "CUSTOMER_MANAGED_KMS_KEY"
    }
    error_message = "Definition and executions are encrypted with the key."
  }
  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:eu-central-1:111122223333:key/one"
    error_message = "So are the logs."
  }
  assert {
    condition = {
      for s in jsondecode(output.policy_json).Statement : s.Sid => [s.Action, s.Resource, s.Condition] if startswith(s.Sid, "Key")
      } == {
      Key = [
        ["kms:Decrypt", "kms:GenerateDataKey"],
        ["arn:aws:kms:eu-central-1:111122223333:key/one"],
        { ArnLike = { "kms:EncryptionContext:aws:states:stateMachineArn" = ["arn:aws:states:eu-central-1:111122223333:stateMachine:reports"] } },
      ]
      KeyOfLogs = [
        ["kms:GenerateDataKey"],
        ["arn:aws:kms:eu-central-1:111122223333:key/one"],
        { StringEquals = { "kms:EncryptionContext:SourceArn" = "arn:aws:logs:eu-central-1:111122223333:*" } },
      ]
    }
    error_message = "The role may use the key for this state machine and its logs: ${output.policy_json}"
  }
  assert {
    condition = {
      for s in output.kms_key_policy_statements : s.Principal.Service => [s.Action, s.Condition]
      } == {
      "logs.eu-central-1.amazonaws.com" = [
        ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:*:logs:eu-central-1:*:log-group:/aws/vendedlogs/states/reports" } },
      ]
      "delivery.logs.amazonaws.com" = [
        ["kms:Decrypt"],
        { StringLike = { "kms:EncryptionContext:SourceArn" = "arn:*:logs:eu-central-1:*" } },
      ]
    }
    error_message = "The key's policy must let CloudWatch use it: ${jsonencode(output.kms_key_policy_statements)}"
  }
}

run "key_without_logs" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/one" }
    logs    = { level = "OFF" }
  }

  assert {
    condition     = length(aws_iam_role_policy.this) == 1
    error_message = "The role needs the key without logs as well."
  }
}

run "key_that_is_an_alias" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:alias/reports" }
  }

  expect_failures = [var.kms_key]
}
