# The composition's refusals about the way through: one run per rule.

run "workflow_that_is_nothing" {
  command = plan

  variables {
    workflow = {}
  }

  expect_failures = [var.workflow]
}

run "workflow_that_is_made_and_there" {
  command = plan

  variables {
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", state_machine = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:there" } }
  }

  expect_failures = [var.workflow]
}

run "workflow_that_is_a_name" {
  command = plan

  variables {
    workflow = { state_machine = { arn = "there" } }
  }

  expect_failures = [var.workflow]
}

run "workflow_that_is_an_execution" {
  command = plan

  variables {
    workflow = { state_machine = { arn = "arn:aws:states:eu-central-1:111122223333:execution:there:one" } }
  }

  expect_failures = [var.workflow]
}

run "workflow_that_is_there_with_a_timeout" {
  command = plan

  variables {
    workflow = { state_machine = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:there" }, timeout_seconds = 60 }
  }

  expect_failures = [var.workflow]
}

run "workflow_that_is_there_with_permissions" {
  command = plan

  variables {
    workflow = { state_machine = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:there" }, policy_statements = [{ actions = ["s3:GetObject"], resources = ["arn:aws:s3:::bucket-a/*"] }] }
  }

  expect_failures = [var.workflow]
}

run "workflow_that_is_there_with_an_alias" {
  command = plan

  variables {
    workflow = { state_machine = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:there" }, alias = { name = "live" } }
  }

  expect_failures = [var.workflow]
}

run "workflow_with_a_format_that_is_none" {
  command = plan

  variables {
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", input_format = "sns" }
  }

  expect_failures = [var.workflow]
}

run "workflow_with_an_order_that_is_none" {
  command = plan

  variables {
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "newest" }
  }

  expect_failures = [var.workflow]
}

run "workflow_of_no_event" {
  command = plan

  variables {
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", events_per_execution = 0 }
  }

  expect_failures = [var.workflow]
}

run "workflow_of_too_many_events" {
  command = plan

  variables {
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", events_per_execution = 101 }
  }

  expect_failures = [var.workflow]
}

run "workflow_of_half_an_event" {
  command = plan

  variables {
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", events_per_execution = 1.5 }
  }

  expect_failures = [var.workflow]
}

run "workflow_in_order_with_a_batch" {
  command = plan

  variables {
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "each", events_per_execution = 2 }
  }

  expect_failures = [var.workflow]
}

run "combination_batch_as_s3_writes_it" {
  command = plan

  variables {
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", events_per_execution = 2, input_format = "s3-notification" }
  }

  expect_failures = [var.workflow]
}

run "combination_batch_from_a_topic_as_s3_writes_it" {
  command = plan

  variables {
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", events_per_execution = 2, input_format = "s3-notification" }
    buckets  = {}
    topics   = { fanout = { arn = "arn:aws:sns:eu-central-1:111122223333:fanout" } }
  }

  expect_failures = [var.workflow]
}

run "combination_batch_on_fifo" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "lambda" } } } }
    fifo     = true
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", events_per_execution = 2 }
  }

  expect_failures = [var.workflow]
}
