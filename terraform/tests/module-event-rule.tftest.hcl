# modules/event-rule on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  bucket            = { name = "bucket-a", account_id = "111122223333" }
  dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
  name              = "reports"
  queue             = { arn = "arn:aws:sqs:eu-central-1:111122223333:queue" }
}

run "rule_for_everything" {
  module {
    source = "./modules/event-rule"
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this.event_pattern) == {
      source      = ["aws.s3"]
      detail-type = ["Object Created"]
      account     = ["111122223333"]
      detail      = { bucket = { name = ["bucket-a"] } }
    }
    error_message = "The pattern: ${aws_cloudwatch_event_rule.this.event_pattern}"
  }
  assert {
    condition     = aws_cloudwatch_event_target.this.arn == var.queue.arn && aws_cloudwatch_event_target.this.dead_letter_config[0].arn == var.dead_letter_queue.arn
    error_message = "Events go to the queue, and undelivered ones to the other."
  }
}

run "rule_with_prefix_and_suffix" {
  command = plan

  module {
    source = "./modules/event-rule"
  }

  variables {
    min_size = 1
    max_size = 10
    prefix   = "in/a*b\\"
    reasons  = ["PutObject", "CopyObject"]
    suffix   = ".json"
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this.event_pattern).detail == {
      bucket = { name = ["bucket-a"] }
      object = {
        key  = [{ wildcard = "in/a\\*b\\\\*.json" }]
        size = [{ numeric = [">=", 1, "<=", 10] }]
      }
      reason = ["CopyObject", "PutObject"]
    }
    error_message = "Special characters of a wildcard are escaped: ${aws_cloudwatch_event_rule.this.event_pattern}"
  }
}

run "rule_with_prefix_and_suffix_that_share_characters" {
  command = plan

  module {
    source = "./modules/event-rule"
  }

  variables {
    prefix = "in/a."
    suffix = ".json"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this.event_pattern).detail.object.key == [{ wildcard = "in/a.*.json" }, "in/a.json"]
    error_message = "The key that both share matches too, as it does for S3: ${aws_cloudwatch_event_rule.this.event_pattern}"
  }
}

run "rule_with_a_prefix" {
  command = plan

  module {
    source = "./modules/event-rule"
  }

  variables {
    min_size = 0
    prefix   = "in/"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this.event_pattern).detail.object == { key = [{ prefix = "in/" }], size = [{ numeric = [">=", 0] }] }
    error_message = "The pattern: ${aws_cloudwatch_event_rule.this.event_pattern}"
  }
}

run "rule_with_a_suffix" {
  command = plan

  module {
    source = "./modules/event-rule"
  }

  variables {
    suffix = ".json"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this.event_pattern).detail.object == { key = [{ suffix = ".json" }] }
    error_message = "The pattern: ${aws_cloudwatch_event_rule.this.event_pattern}"
  }
}

run "rule_out_of_range" {
  command = plan

  module {
    source = "./modules/event-rule"
  }

  variables {
    name     = "my rule"
    min_size = -1
    reasons  = ["Upload"]
  }

  expect_failures = [var.min_size, var.name, var.reasons]
}

run "rule_with_sizes_the_wrong_way_round" {
  command = plan

  module {
    source = "./modules/event-rule"
  }

  variables {
    max_size = 1
    min_size = 2
  }

  expect_failures = [var.max_size]
}

run "rule_with_a_pattern_too_long" {
  command = plan

  module {
    source = "./modules/event-rule"
  }

  variables {
    prefix = join("", [for i in range(200) : "directory/"])
  }

  expect_failures = [aws_cloudwatch_event_rule.this]
}
