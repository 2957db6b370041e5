# modules/outcomes on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  dead_letter_name         = "reports_outcomes-dlq"
  function                 = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_settle" }
  function_timeout_seconds = 30
  home                     = { partition = "aws", region = "eu-central-1", account_id = "111122223333" }
  name                     = "reports_outcomes"
  state_machine            = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports" }
}

run "outcomes" {
  module {
    source = "./modules/outcomes"
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this.event_pattern) == {
      source      = ["aws.states"]
      detail-type = ["Step Functions Execution Status Change"]
      detail = {
        stateMachineArn = ["arn:aws:states:eu-central-1:111122223333:stateMachine:reports"]
        status          = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
      }
    }
    error_message = "The rule takes every way an execution of this state machine can end: ${aws_cloudwatch_event_rule.this.event_pattern}"
  }
  assert {
    condition = {
      for queue in [aws_sqs_queue.this, aws_sqs_queue.dlq] : queue.name => queue.policy
      } == {
      for name in ["reports_outcomes", "reports_outcomes-dlq"] : name => jsonencode({
        Version = "2012-10-17"
        Statement = [
          {
            Sid       = "EventBridge"
            Effect    = "Allow"
            Principal = { Service = "events.amazonaws.com" }
            Action    = "sqs:SendMessage"
            Resource  = "arn:aws:sqs:eu-central-1:111122223333:${name}"
            Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-central-1:111122223333:rule/reports_outcomes" } }
          },
          {
            Sid       = "TlsOnly"
            Effect    = "Deny"
            Principal = "*"
            Action    = "sqs:*"
            Resource  = "arn:aws:sqs:eu-central-1:111122223333:${name}"
            Condition = { Bool = { "aws:SecureTransport" = "false" } }
          },
        ]
      })
    }
    error_message = "The rule may send to the queue, and undelivered events to the dead-letter queue: ${aws_sqs_queue.this.policy} ${aws_sqs_queue.dlq.policy}"
  }
  assert {
    condition     = aws_cloudwatch_event_rule.this.name == "reports_outcomes" && aws_cloudwatch_event_target.this.dead_letter_config[0].arn == aws_sqs_queue.dlq.arn
    error_message = "The policies name the rule, and the rule's target has a dead-letter queue."
  }
  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 180
    error_message = "Messages stay hidden for six times the function's timeout."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dlq.arn, maxReceiveCount = 10 }
    error_message = "The queue's redrive policy: ${aws_sqs_queue.this.redrive_policy}"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.dlq.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-central-1:111122223333:reports_outcomes"] }
    error_message = "The dead-letter queue takes from its own queue only: ${aws_sqs_queue.dlq.redrive_allow_policy}"
  }
  assert {
    condition     = tolist(aws_lambda_event_source_mapping.this.function_response_types) == tolist(["ReportBatchItemFailures"]) && aws_lambda_event_source_mapping.this.scaling_config[0].maximum_concurrency == 10
    error_message = "The function says which outcomes it could not settle, and leaves the account's concurrency to others."
  }
}

run "outcomes_with_a_bound" {
  command = plan

  module {
    source = "./modules/outcomes"
  }

  variables {
    maximum_concurrency = 2
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this.scaling_config[0].maximum_concurrency == 2
    error_message = "At most two instances settle at once."
  }
}

run "outcomes_of_another_region" {
  command = plan

  module {
    source = "./modules/outcomes"
  }

  variables {
    state_machine = { arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:reports" }
  }

  expect_failures = [aws_cloudwatch_event_rule.this]
}

run "outcomes_of_another_account" {
  command = plan

  module {
    source = "./modules/outcomes"
  }

  variables {
    state_machine = { arn = "arn:aws:states:eu-central-1:444455556666:stateMachine:reports" }
  }

  expect_failures = [aws_cloudwatch_event_rule.this]
}

run "outcomes_out_of_range" {
  command = plan

  module {
    source = "./modules/outcomes"
  }

  variables {
    name                     = "my outcomes"
    function_timeout_seconds = 901
    max_receive_count        = 4
    maximum_concurrency      = 1
  }

  expect_failures = [var.function_timeout_seconds, var.max_receive_count, var.maximum_concurrency, var.name]
}

run "outcomes_with_a_key" {
  command = plan

  module {
    source = "./modules/outcomes"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/k1" }
  }

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.this, aws_sqs_queue.dlq] : queue.kms_master_key_id == "arn:aws:kms:eu-central-1:111122223333:key/k1"])
    error_message = "Both queues are encrypted with the key."
  }
}

run "outcomes_of_an_alias" {
  command = plan

  module {
    source = "./modules/outcomes"
  }

  variables {
    kms_key       = { arn = "alias/aws/sqs" }
    state_machine = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:live" }
  }

  expect_failures = [var.kms_key, var.state_machine]
}
