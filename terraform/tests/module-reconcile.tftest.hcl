# modules/reconcile on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_reconcile-failures" }
  function          = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_reconcile" }
  ledger            = { arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/reports_ledger", name = "reports_ledger" }
  name              = "reports_reconcile"
  role_name         = "reports_reconcile-map_eu-central-1"
  rule_role_name    = "reports_reconcile-rule_eu-central-1"
}

run "reconcile" {
  module {
    source = "./modules/reconcile"
  }

  variables {
    iam             = { path = "/pipelines/", permissions_boundary = "arn:aws:iam::111122223333:policy/boundary" }
    kms_key         = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1234" }
    max_concurrency = 7
  }

  assert {
    condition = [
      for name, state in jsondecode(aws_sfn_state_machine.this.definition).States : [
        state.MaxConcurrency, state.ToleratedFailureCount, state.ItemBatcher.MaxItemsPerBatch, state.ItemProcessor.ProcessorConfig.ExecutionType,
      ] if state.Type == "Map"
    ] == [[7, 0, 200, "EXPRESS"], [7, 0, 200, "EXPRESS"]]
    error_message = "List and inventory are processed in batches, so many at once, and none is allowed to fail: ${aws_sfn_state_machine.this.definition}"
  }
  assert {
    condition = toset([
      for task in regexall("\"FunctionName\": \"[^\"]*\"|\"TableName\": \"[^\"]*\"", aws_sfn_state_machine.this.definition) : task
      ]) == toset([
      "\"FunctionName\": \"arn:aws:lambda:eu-central-1:111122223333:function:reports_reconcile\"",
      "\"TableName\": \"reports_ledger\"",
    ])
    error_message = "It invokes the function and reads the ledger: ${aws_sfn_state_machine.this.definition}"
  }
  assert {
    condition = alltrue([
      aws_sfn_state_machine.this.name == "reports_reconcile",
      aws_sfn_state_machine.this.type == "STANDARD",
      aws_sfn_state_machine.this.encryption_configuration[0].type == "CUSTOMER_MANAGED_KMS_KEY",
      aws_sfn_state_machine.this.logging_configuration[0].level == "ERROR",
      !aws_sfn_state_machine.this.logging_configuration[0].include_execution_data,
      aws_cloudwatch_log_group.this.name == "/aws/vendedlogs/states/reports_reconcile",
    ])
    error_message = "The state machine: ${jsonencode(aws_sfn_state_machine.this)}"
  }
  assert {
    condition = {
      for statement in jsondecode(output.policy_json).Statement : statement.Sid => "${join(" ", statement.Action)} on ${join(" ", statement.Resource)}"
      if statement.Sid != "Logs"
      } == {
      Children   = "states:StartExecution on arn:aws:states:eu-central-1:111122223333:stateMachine:reports_reconcile"
      Counts     = "dynamodb:GetItem dynamodb:UpdateItem on arn:aws:dynamodb:eu-central-1:111122223333:table/reports_ledger"
      Function   = "lambda:InvokeFunction on arn:aws:lambda:eu-central-1:111122223333:function:reports_reconcile"
      Key        = "kms:Decrypt kms:GenerateDataKey on arn:aws:kms:eu-central-1:111122223333:key/1234"
      OfChildren = "states:DescribeExecution states:StopExecution on arn:aws:states:eu-central-1:111122223333:execution:reports_reconcile:* arn:aws:states:eu-central-1:111122223333:execution:reports_reconcile/*"
    }
    error_message = "The state machine may do exactly this, besides writing logs: ${output.policy_json}"
  }
  assert {
    condition = [
      for role in [aws_iam_role.machine, aws_iam_role.rule] : [
        role.name, role.path, role.permissions_boundary, jsondecode(role.assume_role_policy).Statement[0].Principal.Service,
        jsondecode(role.assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"],
      ]
      ] == [
      ["reports_reconcile-map_eu-central-1", "/pipelines/", "arn:aws:iam::111122223333:policy/boundary", "states.amazonaws.com", "arn:aws:states:eu-central-1:111122223333:stateMachine:reports_reconcile"],
      ["reports_reconcile-rule_eu-central-1", "/pipelines/", "arn:aws:iam::111122223333:policy/boundary", "events.amazonaws.com", "arn:aws:events:eu-central-1:111122223333:rule/mock"],
    ]
    error_message = "Only this state machine and this rule may take the roles."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.rule.policy).Statement == [{ Sid = "Start", Effect = "Allow", Action = ["states:StartExecution"], Resource = ["arn:aws:states:eu-central-1:111122223333:stateMachine:reports_reconcile"] }]
    error_message = "The rule may start the state machine: ${aws_iam_role_policy.rule.policy}"
  }
  assert {
    condition     = aws_cloudwatch_event_rule.this.name == "reports_reconcile" && aws_cloudwatch_event_rule.this.schedule_expression == "rate(1 day)" && aws_cloudwatch_event_target.this.input == "{}" && aws_cloudwatch_event_target.this.dead_letter_config[0].arn == "arn:aws:sqs:eu-central-1:111122223333:reports_reconcile-failures"
    error_message = "Once a day, over the rows, and a run that cannot be started is kept."
  }
}

run "reconcile_out_of_range" {
  command = plan

  module {
    source = "./modules/reconcile"
  }

  variables {
    name            = "a.b"
    buckets         = { a = { name = "bucket-a", prefixes = [] } }
    expression      = "rate(1 days)"
    kms_key         = { arn = "alias/aws/sqs" }
    max_concurrency = 10000
  }

  expect_failures = [var.buckets, var.expression, var.kms_key, var.max_concurrency, var.name]
}

run "reconcile_with_names_too_long" {
  command = plan

  module {
    source = "./modules/reconcile"
  }

  variables {
    role_name      = "a-role-of-an-organisation-that-has-long-names_reports_eu-central-1"
    rule_role_name = "a-role-of-an-organisation-that-has-long-names_reports_eu-central-1"
  }

  expect_failures = [var.role_name, var.rule_role_name]
}
