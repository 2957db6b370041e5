# The composition's refusals about the way in: one run per rule.

run "sources_with_a_size_for_s3" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { min_size = 1 } } } }
  }

  expect_failures = [var.buckets]
}

run "sources_with_a_reason_for_the_function" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "lambda", reasons = ["PutObject"] } } } }
  }

  expect_failures = [var.buckets]
}

run "sources_with_events_for_eventbridge" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "eventbridge", events = ["s3:ObjectCreated:Put"] } } } }
  }

  expect_failures = [var.buckets]
}

run "sources_with_a_reason_that_is_none" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "eventbridge", reasons = ["Upload"] } } } }
  }

  expect_failures = [var.buckets]
}

run "sources_without_a_reason" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "eventbridge", reasons = [] } } } }
  }

  expect_failures = [var.buckets]
}

run "sources_with_a_size_below_zero" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "eventbridge", min_size = -1 } } } }
  }

  expect_failures = [var.buckets]
}

run "sources_with_half_a_byte" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "eventbridge", max_size = 0.5 } } } }
  }

  expect_failures = [var.buckets]
}

run "sources_with_sizes_the_wrong_way_round" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "eventbridge", min_size = 2, max_size = 1 } } } }
  }

  expect_failures = [var.buckets]
}

run "sources_in_a_lane_that_is_none" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { lane = "urgent" } } } }
  }

  expect_failures = [var.buckets]
}

run "sources_that_overlap" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = {}, json = { suffix = ".json" } } } }
  }

  expect_failures = [output.sources]
}

run "sources_that_overlap_by_two_ways" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "lambda" }, json = { suffix = ".json" } } } }
  }

  expect_failures = [output.sources]
}

run "sources_that_overlap_by_event_and_reason" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { put = { events = ["s3:ObjectCreated:Put"] }, small = { via = "eventbridge", reasons = ["PutObject"] } } } }
  }

  expect_failures = [output.sources]
}

run "sources_that_overlap_in_size" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { small = { via = "eventbridge", max_size = 10 }, big = { via = "eventbridge", min_size = 10 } } } }
  }

  expect_failures = [output.sources]
}

run "sources_that_the_function_could_not_tell_apart" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { put = { via = "lambda", events = ["s3:ObjectCreated:Put"], lane = "x" }, copy = { via = "lambda", events = ["s3:ObjectCreated:Copy"], lane = "default" } } } }
    lanes   = { x = { priority = 1 }, default = { priority = 2 } }
  }

  expect_failures = [output.sources]
}

run "sources_of_too_many_buckets_for_the_function" {
  command = plan

  variables {
    buckets = { for i in range(41) : "b${i}" => { name = "bucket-${i}", notification = "external", sources = { all = { via = "lambda" } } } }
  }

  expect_failures = [var.buckets]
}

run "handlers_without_ingest" {
  command = plan

  variables {
    buckets  = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "lambda" } } } }
    handlers = { s3 = { bucket = "artifacts" }, manifest = { version = "1.2.3", protocol = 2, handlers = { dispatch = { arm64 = { file = "d.zip", sha256 = "d1", bytes = 1 } }, reconcile = { arm64 = { file = "r.zip", sha256 = "r1", bytes = 1 } }, settle = { arm64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } } } }
  }

  expect_failures = [output.handlers]
}

run "fifo_from_s3" {
  command = plan

  variables {
    fifo = true
  }

  expect_failures = [var.fifo]
}

run "fifo_from_eventbridge" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "eventbridge" } } } }
    fifo    = true
  }

  expect_failures = [var.fifo]
}

run "fifo_from_a_topic" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "lambda" } } } }
    fifo    = true
    topics  = { fanout = { arn = "arn:aws:sns:eu-central-1:111122223333:fanout" } }
  }

  expect_failures = [var.fifo]
}

run "fifo_with_a_backoff" {
  command = plan

  variables {
    buckets = { a = { name = "bucket-a", notification = "owned", sources = { all = { via = "lambda" } } } }
    fifo    = true
    retry   = { backoff_seconds = [30] }
  }

  expect_failures = [var.retry]
}

run "lanes_without_default" {
  command = plan

  variables {
    lanes = { urgent = { priority = 1 }, bulk = { priority = 2 } }
  }

  expect_failures = [var.lanes]
}

run "lanes_too_many" {
  command = plan

  variables {
    lanes = merge({ default = { priority = 99 } }, { for i in range(10) : "l${i}" => { priority = i } })
  }

  expect_failures = [var.lanes]
}

run "lanes_with_a_name_that_is_none" {
  command = plan

  variables {
    lanes = { Urgent = { priority = 1 }, default = { priority = 9 } }
  }

  expect_failures = [var.lanes]
}

run "lanes_with_half_a_priority" {
  command = plan

  variables {
    lanes = { urgent = { priority = 1.5 }, default = { priority = 9 } }
  }

  expect_failures = [var.lanes]
}

run "lanes_of_one_priority" {
  command = plan

  variables {
    lanes = { urgent = { priority = 1 }, default = { priority = 1 } }
  }

  expect_failures = [var.lanes]
}

run "lanes_with_a_share_above_one" {
  command = plan

  variables {
    lanes = { urgent = { priority = 1, min_share = 1.1 }, default = { priority = 9 } }
  }

  expect_failures = [var.lanes]
}

run "lanes_with_a_share_below_zero" {
  command = plan

  variables {
    lanes = { urgent = { priority = 1, min_share = -0.1 }, default = { priority = 9 } }
  }

  expect_failures = [var.lanes]
}

run "lanes_that_share_too_much" {
  command = plan

  variables {
    lanes = { urgent = { priority = 1, min_share = 0.5 }, default = { priority = 2, min_share = 0.5 } }
  }

  expect_failures = [var.lanes]
}

run "lanes_with_a_bound_below_zero" {
  command = plan

  variables {
    lanes = { bulk = { priority = 1, max_concurrency = -1 }, default = { priority = 2 } }
  }

  expect_failures = [var.lanes]
}

run "lanes_with_half_an_execution" {
  command = plan

  variables {
    lanes = { bulk = { priority = 1, max_concurrency = 1.5 }, default = { priority = 2 } }
  }

  expect_failures = [var.lanes]
}

run "lanes_with_a_bound_above_the_pipelines" {
  command = plan

  variables {
    lanes   = { bulk = { priority = 1, max_concurrency = 301 }, default = { priority = 2 } }
    windows = { night = { priority = 1, pace = { max_concurrency = 300 } } }
  }

  expect_failures = [var.windows]
}

run "lanes_of_one_with_a_bound" {
  command = plan

  variables {
    lanes = { default = { priority = 1, max_concurrency = 5 } }
  }

  expect_failures = [var.lanes]
}

run "topics_with_a_key_that_is_none" {
  command = plan

  variables {
    topics = { "a b" = { arn = "arn:aws:sns:eu-central-1:111122223333:fanout" } }
  }

  expect_failures = [var.topics]
}

run "topics_that_are_fifo" {
  command = plan

  variables {
    topics = { fanout = { arn = "arn:aws:sns:eu-central-1:111122223333:fanout.fifo" } }
  }

  expect_failures = [var.topics]
}

run "topics_named_twice" {
  command = plan

  variables {
    topics = { one = { arn = "arn:aws:sns:eu-central-1:111122223333:fanout" }, two = { arn = "arn:aws:sns:eu-central-1:111122223333:fanout" } }
  }

  expect_failures = [var.topics]
}

run "topics_in_a_lane_that_is_none" {
  command = plan

  variables {
    topics = { fanout = { arn = "arn:aws:sns:eu-central-1:111122223333:fanout", lane = "urgent" } }
  }

  expect_failures = [var.topics]
}

run "topics_with_a_filter_that_is_none" {
  command = plan

  variables {
    topics = { fanout = { arn = "arn:aws:sns:eu-central-1:111122223333:fanout", filter_policy = "status/" } }
  }

  expect_failures = [var.topics]
}

run "topics_with_a_filter_and_no_subscription" {
  command = plan

  variables {
    topics = { fanout = { arn = "arn:aws:sns:eu-central-1:111122223333:fanout", subscribe = false, filter_policy = "{}" } }
  }

  expect_failures = [var.topics]
}

run "organization_that_is_none" {
  command = plan

  variables {
    trusted_organization_id = "111122223333"
  }

  expect_failures = [var.trusted_organization_id]
}

run "platform_with_an_applier_that_is_a_session" {
  command = plan

  variables {
    platform = { appliers = ["arn:aws:iam::111122223333:role/deploy", "arn:aws:sts::111122223333:assumed-role/deploy/ann"] }
  }

  expect_failures = [var.platform]
}

run "platform_with_an_alias_for_a_key" {
  command = plan

  variables {
    platform = { kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:alias/pipelines" } }
  }

  expect_failures = [var.platform]
}

run "platform_with_a_key_that_aws_manages" {
  command = plan

  variables {
    platform = { kms_key = { arn = "alias/aws/sqs" } }
  }

  expect_failures = [var.platform]
}
