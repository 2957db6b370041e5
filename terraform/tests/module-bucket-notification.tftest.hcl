# modules/bucket-notification on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  bucket = "bucket-a"
}

run "notification" {
  module {
    source = "./modules/bucket-notification"
  }

  variables {
    queues = {
      json = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:one" }, prefix = "in/", suffix = ".json" }
      gone = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:two" }, events = ["s3:ObjectRemoved:*"] }
    }
  }

  assert {
    condition = {
      for queue in aws_s3_bucket_notification.this.queue :
      queue.id => "${queue.queue_arn} ${join(",", queue.events)} ${coalesce(queue.filter_prefix, "-")} ${coalesce(queue.filter_suffix, "-")}"
      } == {
      gone = "arn:aws:sqs:eu-central-1:111122223333:two s3:ObjectRemoved:* - -"
      json = "arn:aws:sqs:eu-central-1:111122223333:one s3:ObjectCreated:* in/ .json"
    }
    error_message = "The bucket's whole configuration: ${jsonencode(aws_s3_bucket_notification.this.queue)}"
  }
}

run "notification_with_an_overlap" {
  command = plan

  module {
    source = "./modules/bucket-notification"
  }

  variables {
    queues = {
      all  = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:one" } }
      json = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:two" }, suffix = ".json", events = ["s3:ObjectCreated:Put"] }
    }
  }

  expect_failures = [aws_s3_bucket_notification.this]
}

run "notification_of_an_unknown_event" {
  command = plan

  module {
    source = "./modules/bucket-notification"
  }

  variables {
    queues = { all = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:one" }, events = ["s3:ObjectCreated:Upload"] } }
  }

  expect_failures = [var.queues]
}

run "notification_of_no_event" {
  command = plan

  module {
    source = "./modules/bucket-notification"
  }

  variables {
    queues = { all = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:one" }, events = [] } }
  }

  expect_failures = [var.queues]
}

run "notification_with_a_wildcard" {
  command = plan

  module {
    source = "./modules/bucket-notification"
  }

  variables {
    queues = { all = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:one" }, suffix = "*.json" } }
  }

  expect_failures = [var.queues]
}

run "notification_with_too_many_entries" {
  command = plan

  module {
    source = "./modules/bucket-notification"
  }

  variables {
    queues = { for i in range(101) : "n${i}" => { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:one" }, prefix = "${i}/" } }
  }

  expect_failures = [var.queues]
}

run "notification_of_all_kinds" {
  command = plan

  module {
    source = "./modules/bucket-notification"
  }

  variables {
    eventbridge = true
    functions   = { two = { function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:two" }, prefix = "two/" } }
    queues      = { one = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:one" }, prefix = "one/" } }
  }

  assert {
    condition = aws_s3_bucket_notification.this.eventbridge && [
      for entry in aws_s3_bucket_notification.this.lambda_function : "${entry.id} ${entry.lambda_function_arn} ${entry.filter_prefix}"
    ] == ["two arn:aws:lambda:eu-central-1:111122223333:function:two two/"]
    error_message = "Functions and EventBridge are in the configuration: ${jsonencode(aws_s3_bucket_notification.this)}"
  }
}

run "notification_with_filters_as_s3_wants_them" {
  command = plan

  module {
    source = "./modules/bucket-notification"
  }

  variables {
    queues = { one = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:one" }, prefix = "in box/a+b/", suffix = ".json" } }
    functions = {
      two = { function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:two" }, prefix = "~backup/x=1/", suffix = "100%25~" }
    }
  }

  assert {
    condition = concat(
      [for entry in aws_s3_bucket_notification.this.queue : "${entry.filter_prefix} ${entry.filter_suffix}"],
      [for entry in aws_s3_bucket_notification.this.lambda_function : "${entry.filter_prefix} ${entry.filter_suffix}"],
    ) == ["in+box/a%2Bb/ .json", "%7Ebackup/x%3D1/ 100%2525%7E"]
    error_message = "S3 wants filters as it writes keys: ${jsonencode(aws_s3_bucket_notification.this)}"
  }
}

# e and a combining accent: the plan has one letter.
run "notification_with_a_filter_that_is_not_composed" {
  command = plan

  module {
    source = "./modules/bucket-notification"
  }

  variables {
    queues = { one = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:one" }, prefix = "cafe\u0301/" } }
  }

  assert {
    condition     = [for entry in aws_s3_bucket_notification.this.queue : entry.filter_prefix] == ["caf%C3%A9/"]
    error_message = "Terraform composes every text: ${jsonencode(aws_s3_bucket_notification.this.queue)}"
  }
}

run "notification_with_an_overlap_as_s3_writes_keys" {
  command = plan

  module {
    source = "./modules/bucket-notification"
  }

  variables {
    functions = { two = { function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:two" }, suffix = "=" } }
    queues    = { one = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:one" }, suffix = "D" } }
  }

  expect_failures = [aws_s3_bucket_notification.this]
}

run "notification_with_an_overlap_of_kinds" {
  command = plan

  module {
    source = "./modules/bucket-notification"
  }

  variables {
    functions = { two = { function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:two" }, prefix = "in/" } }
    queues    = { one = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:one" }, suffix = ".json" } }
  }

  expect_failures = [aws_s3_bucket_notification.this]
}

run "notification_with_one_id_twice" {
  command = plan

  module {
    source = "./modules/bucket-notification"
  }

  variables {
    functions = { one = { function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:two" }, prefix = "two/" } }
    queues    = { one = { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:one" }, prefix = "one/" } }
  }

  expect_failures = [var.queues]
}

run "notification_of_a_function_for_no_known_event" {
  command = plan

  module {
    source = "./modules/bucket-notification"
  }

  variables {
    functions = { one = { function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:two" }, events = ["s3:ObjectCreated:Upload"] } }
  }

  expect_failures = [var.functions]
}

run "notification_of_a_function_with_a_wildcard" {
  command = plan

  module {
    source = "./modules/bucket-notification"
  }

  variables {
    functions = { one = { function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:two" }, prefix = "in/*" } }
  }

  expect_failures = [var.functions]
}
