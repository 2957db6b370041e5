# modules/workflow on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  definition = "{\"StartAt\": \"Done\", \"States\": {}}"
  name       = "reports"
  role_name  = "reports_workflow_eu-central-1"
}

run "workflow" {
  module {
    source = "./modules/workflow"
  }

  variables {
    definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
    iam               = { path = "/pipelines/", permissions_boundary = "arn:aws:iam::111122223333:policy/boundary" }
    policy_statements = [{ actions = ["s3:GetObject"], resources = ["arn:aws:s3:::bucket-a/*"] }]
    timeout_seconds   = 900
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition) == { StartAt = "Done", States = { Done = { Type = "Succeed" } }, TimeoutSeconds = 900 }
    error_message = "The timeout goes into the definition: ${aws_sfn_state_machine.this.definition}"
  }
  assert {
    condition     = output.longest_seconds == 900
    error_message = "It is the longest that an execution takes: ${jsonencode(output.longest_seconds)}"
  }
  assert {
    condition = alltrue([
      aws_sfn_state_machine.this.type == "STANDARD",
      aws_sfn_state_machine.this.logging_configuration[0].level == "ERROR",
      !aws_sfn_state_machine.this.logging_configuration[0].include_execution_data,
      aws_sfn_state_machine.this.logging_configuration[0].log_destination == "arn:aws:logs:eu-central-1:111122223333:log-group:mock:*",
      aws_cloudwatch_log_group.this.name == "/aws/vendedlogs/states/reports",
    ])
    error_message = "Errors are logged, without the executions' data."
  }
  assert {
    condition = aws_iam_role.this.assume_role_policy == jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "states.amazonaws.com" }
        Condition = {
          ArnEquals    = { "aws:SourceArn" = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports" }
          StringEquals = { "aws:SourceAccount" = "111122223333" }
        }
      }]
    })
    error_message = "Only this state machine may take the role: ${aws_iam_role.this.assume_role_policy}"
  }
  assert {
    condition     = aws_iam_role.this.name == "reports_workflow_eu-central-1" && aws_iam_role.this.path == "/pipelines/" && aws_iam_role.this.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"
    error_message = "The role: ${jsonencode(aws_iam_role.this)}"
  }
  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s.Resource] == [["*"], ["arn:aws:s3:::bucket-a/*"]]
    error_message = "Besides log delivery, which has no resources, the role has the given permissions: ${aws_iam_role_policy.this[0].policy}"
  }
  assert {
    condition     = output.execution_arn_pattern == "arn:aws:states:eu-central-1:111122223333:execution:mock:*"
    error_message = "The executions' ARNs: ${output.execution_arn_pattern}"
  }
}

run "workflow_that_may_do_nothing" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
    logs       = { level = "OFF" }
  }

  assert {
    condition     = length(aws_iam_role_policy.this) == 0
    error_message = "Without logs and statements there is no policy."
  }
  assert {
    condition     = aws_sfn_state_machine.this.logging_configuration[0].log_destination == null
    error_message = "Step Functions would check that the role can deliver logs."
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition) == { StartAt = "Done", States = { Done = { Type = "Succeed" } }, TimeoutSeconds = 86400 }
    error_message = "An execution that hangs gives its slot back after a day: ${aws_sfn_state_machine.this.definition}"
  }
}

run "workflow_with_a_timeout_of_its_own" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}, \"TimeoutSeconds\": 60}"
  }

  assert {
    condition     = aws_sfn_state_machine.this.definition == var.definition
    error_message = "The definition's own value stays as it is."
  }
  assert {
    condition     = output.longest_seconds == 60
    error_message = "It is the longest that an execution takes: ${jsonencode(output.longest_seconds)}"
  }
}

run "workflow_without_a_timeout" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    definition      = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
    timeout_seconds = 0
  }

  assert {
    condition     = aws_sfn_state_machine.this.definition == var.definition
    error_message = "0 leaves the definition as it is."
  }
  assert {
    condition     = output.longest_seconds == null
    error_message = "Then there is no longest: ${jsonencode(output.longest_seconds)}"
  }
}

run "workflow_that_is_a_path" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    definition = "workflow.asl.json"
  }

  expect_failures = [var.definition]
}

run "workflow_without_states" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    definition = "{\"StartAt\": \"Done\"}"
  }

  expect_failures = [var.definition]
}

run "workflow_out_of_range" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    logs              = { level = "WARN" }
    policy_statements = [{ effect = "allow", actions = ["s3:GetObject"], resources = [] }]
    timeout_seconds   = -1
  }

  expect_failures = [var.logs, var.policy_statements, var.timeout_seconds]
}

run "workflow_with_a_role_name_too_long" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    role_name = "a-role-of-an-organisation-that-has-long-names_reports_eu-central-1"
  }

  expect_failures = [var.role_name]
}

run "workflow_with_a_policy_too_long" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    policy_statements = [
      { actions = ["s3:GetObject"], resources = [for i in range(200) : "arn:aws:s3:::a-bucket-with-a-rather-long-name-${i}/*"] },
    ]
  }

  expect_failures = [aws_iam_role_policy.this]
}

run "workflow_with_a_name_that_is_none" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    name = "my workflow"
  }

  expect_failures = [var.name]
}
