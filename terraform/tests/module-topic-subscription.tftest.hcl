# modules/topic-subscription on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
  queue             = { arn = "arn:aws:sqs:eu-central-1:111122223333:queue" }
  topic             = { arn = "arn:aws:sns:eu-central-1:777788889999:fanout" }
}

run "subscription" {
  module {
    source = "./modules/topic-subscription"
  }

  assert {
    condition     = aws_sns_topic_subscription.this.raw_message_delivery && aws_sns_topic_subscription.this.protocol == "sqs"
    error_message = "Messages come as they were published, all of them."
  }
  assert {
    condition     = jsondecode(aws_sns_topic_subscription.this.redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
    error_message = "Undelivered messages are kept: ${aws_sns_topic_subscription.this.redrive_policy}"
  }
}

run "subscription_with_a_filter" {
  command = plan

  module {
    source = "./modules/topic-subscription"
  }

  variables {
    filter_policy = "{\"Records\":{}}"
    raw_delivery  = false
  }

  assert {
    condition     = !aws_sns_topic_subscription.this.raw_message_delivery && aws_sns_topic_subscription.this.filter_policy_scope == "MessageBody"
    error_message = "The body is filtered, for S3 gives no attributes."
  }
}

run "subscription_with_a_filter_that_is_none" {
  command = plan

  module {
    source = "./modules/topic-subscription"
  }

  variables {
    filter_policy = "status/"
  }

  expect_failures = [var.filter_policy]
}
