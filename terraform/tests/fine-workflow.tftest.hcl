# Inputs of the way through that the composition takes. Its refusals are in modules/input/tests.

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
