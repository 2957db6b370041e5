# modules/schedule on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_dispatch" }
  name     = "reports"
}

run "schedule" {
  module {
    source = "./modules/schedule"
  }

  assert {
    condition     = aws_cloudwatch_event_rule.this.schedule_expression == "rate(1 minute)" && aws_cloudwatch_event_rule.this.state == "ENABLED"
    error_message = "The rule fires every minute."
  }
  assert {
    condition     = aws_cloudwatch_event_target.this.retry_policy[0].maximum_event_age_in_seconds == 60 && aws_cloudwatch_event_target.this.retry_policy[0].maximum_retry_attempts == 0 && aws_cloudwatch_event_target.this.arn == var.function.arn
    error_message = "A tick that comes late is dropped."
  }
  assert {
    condition     = aws_lambda_permission.this.source_arn == aws_cloudwatch_event_rule.this.arn && aws_lambda_permission.this.source_account == null
    error_message = "The rule alone may invoke the function; a source account would keep EventBridge from doing so."
  }
}

run "schedule_that_is_off" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    enabled    = false
    expression = "cron(15 10 ? * 6L 2026-2028)"
  }

  assert {
    condition     = aws_cloudwatch_event_rule.this.state == "DISABLED"
    error_message = "The rule does not fire."
  }
}

run "schedule_that_is_none" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    expression = "rate(1 minutes)"
  }

  expect_failures = [var.expression]
}
