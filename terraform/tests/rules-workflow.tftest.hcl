# What the composition refuses of the way through: one run per rule.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name    = "reports"
  buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = {} } } }

  workflow = {
    definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
  }

  handlers = {
    s3 = { bucket = "artifacts" }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = {
        dispatch  = { arm64 = { file = "dispatch.zip", sha256 = "d1", bytes = 1 } }
        ingest    = { arm64 = { file = "ingest.zip", sha256 = "i1", bytes = 1 } }
        reconcile = { arm64 = { file = "reconcile.zip", sha256 = "r1", bytes = 1 } }
        settle    = { arm64 = { file = "settle.zip", sha256 = "s1", bytes = 1 } }
      }
    }
  }
}

run "workflow_that_is_there" {
  command = plan

  variables {
    workflow = { state_machine = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:there" } }
  }
}

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

run "combination_none_objects" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { one = { prefix = "one/" }, two = { prefix = "two/", via = "lambda" }, three = { prefix = "three/", via = "eventbridge" } } } }
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "none", input_format = "objects" }
  }
}

run "combination_none_fifo_objects" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "lambda" } } } }
    fifo     = true
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "none", input_format = "objects" }
  }
}

run "combination_none_s3_notification" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { one = { prefix = "one/" }, two = { prefix = "two/", via = "lambda" }, three = { prefix = "three/", via = "eventbridge" } } } }
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "none", input_format = "s3-notification" }
  }
}

run "combination_none_fifo_s3_notification" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "lambda" } } } }
    fifo     = true
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "none", input_format = "s3-notification" }
  }
}

run "combination_latest_objects" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { one = { prefix = "one/" }, two = { prefix = "two/", via = "lambda" }, three = { prefix = "three/", via = "eventbridge" } } } }
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "latest", input_format = "objects" }
  }
}

run "combination_latest_fifo_objects" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "lambda" } } } }
    fifo     = true
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "latest", input_format = "objects" }
  }
}

run "combination_latest_s3_notification" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { one = { prefix = "one/" }, two = { prefix = "two/", via = "lambda" }, three = { prefix = "three/", via = "eventbridge" } } } }
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "latest", input_format = "s3-notification" }
  }
}

run "combination_latest_fifo_s3_notification" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "lambda" } } } }
    fifo     = true
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "latest", input_format = "s3-notification" }
  }
}

run "combination_each_objects" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { one = { prefix = "one/" }, two = { prefix = "two/", via = "lambda" }, three = { prefix = "three/", via = "eventbridge" } } } }
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "each", input_format = "objects" }
  }
}

run "combination_each_fifo_objects" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "lambda" } } } }
    fifo     = true
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "each", input_format = "objects" }
  }
}

run "combination_each_s3_notification" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { one = { prefix = "one/" }, two = { prefix = "two/", via = "lambda" }, three = { prefix = "three/", via = "eventbridge" } } } }
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "each", input_format = "s3-notification" }
  }
}

run "combination_each_fifo_s3_notification" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "lambda" } } } }
    fifo     = true
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", order = "each", input_format = "s3-notification" }
  }
}

run "combination_batch" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { one = { prefix = "one/" }, two = { prefix = "two/", via = "lambda" }, three = { prefix = "three/", via = "eventbridge" } } } }
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", events_per_execution = 100 }
  }
}
