# Inputs of the way in that the composition takes. Its refusals are in modules/input/tests.

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

run "buckets_none_but_a_topic" {
  command = plan

  variables {
    buckets = {}
    topics  = { fanout = { arn = "arn:aws:sns:eu-central-1:111122223333:fanout" } }
  }
}

run "sources_by_three_ways" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { one = { prefix = "one/" }, two = { prefix = "two/", via = "lambda" }, three = { prefix = "three/", via = "eventbridge" } } } }
  }
}

run "sources_side_by_side" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { put = { events = ["s3:ObjectCreated:Put"] }, copy = { via = "lambda", events = ["s3:ObjectCreated:Copy"] }, small = { via = "eventbridge", reasons = ["POST Object"], max_size = 10 }, big = { via = "eventbridge", reasons = ["POST Object"], min_size = 11 } } } }
  }
}

run "fifo_with_no_backoff" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "lambda" } } } }
    fifo    = true
    retry   = { backoff_seconds = [0] }
  }
}

run "lanes_that_nobody_uses" {
  command = plan

  variables {
    lanes = { urgent = { priority = 1 }, default = { priority = 2, min_share = 0.9 } }
  }
}

run "lanes_with_bounds_of_their_own" {
  command = plan

  variables {
    lanes = {
      bulk    = { priority = 2, max_concurrency = 300 }
      default = { priority = 3, max_concurrency = 0 }
      urgent  = { priority = 1 }
    }
    windows  = { night = { priority = 1, pace = { max_concurrency = 300 } }, day = { priority = 2, lanes = { bulk = { max_concurrency = 0 } } } }
    workflow = { definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}", events_per_execution = 10 }
  }
}
