# The modules of the ways in, each on its own: what it makes, and what it refuses.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  dead_letter_name = "reports-dlq"
  home             = { partition = "aws", region = "eu-central-1", account_id = "111122223333" }
  name             = "reports"
}

# -----------------------------------------------------------------------------
# failure-queue
# -----------------------------------------------------------------------------

run "failure_queue" {
  command = plan

  module {
    source = "./modules/failure-queue"
  }

  variables {
    rules  = { one = { arn = "arn:aws:events:eu-central-1:111122223333:rule/one" } }
    topics = { fanout = { arn = "arn:aws:sns:eu-central-1:777788889999:fanout" } }
  }

  assert {
    condition = aws_sqs_queue.this.policy == jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "EventBridge"
          Effect    = "Allow"
          Principal = { Service = "events.amazonaws.com" }
          Action    = "sqs:SendMessage"
          Resource  = "arn:aws:sqs:eu-central-1:111122223333:reports"
          Condition = { ArnEquals = { "aws:SourceArn" = ["arn:aws:events:eu-central-1:111122223333:rule/one"] } }
        },
        {
          Sid       = "Sns"
          Effect    = "Allow"
          Principal = { Service = "sns.amazonaws.com" }
          Action    = "sqs:SendMessage"
          Resource  = "arn:aws:sqs:eu-central-1:111122223333:reports"
          Condition = { ArnEquals = { "aws:SourceArn" = ["arn:aws:sns:eu-central-1:777788889999:fanout"] } }
        },
        {
          Sid       = "TlsOnly"
          Effect    = "Deny"
          Principal = "*"
          Action    = "sqs:*"
          Resource  = "arn:aws:sqs:eu-central-1:111122223333:reports"
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
        {
          Sid       = "Protected"
          Effect    = "Deny"
          Principal = "*"
          Action    = ["sqs:DeleteQueue", "sqs:PurgeQueue"]
          Resource  = "arn:aws:sqs:eu-central-1:111122223333:reports"
        },
      ]
    })
    error_message = "The policy: ${aws_sqs_queue.this.policy}"
  }
  assert {
    condition     = aws_sqs_queue.this.message_retention_seconds == 1209600 && aws_sqs_queue.this.sqs_managed_sse_enabled
    error_message = "Messages are kept for as long as SQS can, encrypted."
  }
}

run "failure_queue_unprotected_with_a_key" {
  command = plan

  module {
    source = "./modules/failure-queue"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/k1" }
    protect = false
  }

  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == "arn:aws:kms:eu-central-1:111122223333:key/k1"
    error_message = "The queue is encrypted with the key."
  }
  assert {
    condition     = [for s in jsondecode(aws_sqs_queue.this.policy).Statement : s.Sid] == ["TlsOnly"]
    error_message = "Nobody is let in, and nobody kept from deleting it: ${aws_sqs_queue.this.policy}"
  }
}

run "failure_queue_of_too_many_rules" {
  command = plan

  module {
    source = "./modules/failure-queue"
  }

  variables {
    rules = { for i in range(100) : "r${i}" => { arn = "arn:aws:events:eu-central-1:111122223333:rule/a-rule-with-a-rather-long-name-${i}" } }
  }

  expect_failures = [aws_sqs_queue.this]
}

run "failure_queue_out_of_range" {
  command = plan

  module {
    source = "./modules/failure-queue"
  }

  variables {
    kms_key = { arn = "alias/aws/sqs" }
    name    = "reports.fifo"
  }

  expect_failures = [var.kms_key, var.name]
}

# -----------------------------------------------------------------------------
# event-rule
# -----------------------------------------------------------------------------

run "rule_for_everything" {
  module {
    source = "./modules/event-rule"
  }

  variables {
    bucket            = { name = "bucket-a", account_id = "111122223333" }
    dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
    queue             = { arn = "arn:aws:sqs:eu-central-1:111122223333:queue" }
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
    error_message = "Events go to the queue, and what could not be delivered to the other."
  }
}

run "rule_with_prefix_and_suffix" {
  command = plan

  module {
    source = "./modules/event-rule"
  }

  variables {
    bucket            = { name = "bucket-a", account_id = "111122223333" }
    dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
    queue             = { arn = "arn:aws:sqs:eu-central-1:111122223333:queue" }
    min_size          = 1
    max_size          = 10
    prefix            = "in/a*b\\"
    reasons           = ["PutObject", "CopyObject"]
    suffix            = ".json"
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
    error_message = "What is special to a wildcard is escaped: ${aws_cloudwatch_event_rule.this.event_pattern}"
  }
}

run "rule_with_prefix_and_suffix_that_share_characters" {
  command = plan

  module {
    source = "./modules/event-rule"
  }

  variables {
    bucket            = { name = "bucket-a", account_id = "111122223333" }
    dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
    queue             = { arn = "arn:aws:sqs:eu-central-1:111122223333:queue" }
    prefix            = "in/a."
    suffix            = ".json"
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
    bucket            = { name = "bucket-a", account_id = "111122223333" }
    dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
    queue             = { arn = "arn:aws:sqs:eu-central-1:111122223333:queue" }
    min_size          = 0
    prefix            = "in/"
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
    bucket            = { name = "bucket-a", account_id = "111122223333" }
    dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
    queue             = { arn = "arn:aws:sqs:eu-central-1:111122223333:queue" }
    suffix            = ".json"
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
    bucket            = { name = "bucket-a", account_id = "111122223333" }
    dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
    queue             = { arn = "arn:aws:sqs:eu-central-1:111122223333:queue" }
    min_size          = -1
    name              = "my rule"
    reasons           = ["Upload"]
  }

  expect_failures = [var.min_size, var.name, var.reasons]
}

run "rule_with_sizes_the_wrong_way_round" {
  command = plan

  module {
    source = "./modules/event-rule"
  }

  variables {
    bucket            = { name = "bucket-a", account_id = "111122223333" }
    dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
    queue             = { arn = "arn:aws:sqs:eu-central-1:111122223333:queue" }
    max_size          = 1
    min_size          = 2
  }

  expect_failures = [var.max_size]
}

run "rule_with_a_pattern_too_long" {
  command = plan

  module {
    source = "./modules/event-rule"
  }

  variables {
    bucket            = { name = "bucket-a", account_id = "111122223333" }
    dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
    queue             = { arn = "arn:aws:sqs:eu-central-1:111122223333:queue" }
    prefix            = join("", [for i in range(200) : "directory/"])
  }

  expect_failures = [aws_cloudwatch_event_rule.this]
}

# -----------------------------------------------------------------------------
# topic-subscription
# -----------------------------------------------------------------------------

run "subscription" {
  module {
    source = "./modules/topic-subscription"
  }

  variables {
    topic             = { arn = "arn:aws:sns:eu-central-1:777788889999:fanout" }
    queue             = { arn = "arn:aws:sqs:eu-central-1:111122223333:queue" }
    dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
  }

  assert {
    condition     = aws_sns_topic_subscription.this.raw_message_delivery && aws_sns_topic_subscription.this.protocol == "sqs"
    error_message = "Messages come as they were published, all of them."
  }
  assert {
    condition     = jsondecode(aws_sns_topic_subscription.this.redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
    error_message = "What could not be delivered is kept: ${aws_sns_topic_subscription.this.redrive_policy}"
  }
}

run "subscription_with_a_filter" {
  command = plan

  module {
    source = "./modules/topic-subscription"
  }

  variables {
    topic             = { arn = "arn:aws:sns:eu-central-1:777788889999:fanout" }
    queue             = { arn = "arn:aws:sqs:eu-central-1:111122223333:queue" }
    dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
    filter_policy     = "{\"Records\":{}}"
    raw_delivery      = false
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
    topic             = { arn = "arn:aws:sns:eu-central-1:777788889999:fanout" }
    queue             = { arn = "arn:aws:sqs:eu-central-1:111122223333:queue" }
    dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
    filter_policy     = "status/"
  }

  expect_failures = [var.filter_policy]
}

# -----------------------------------------------------------------------------
# bucket-invocation
# -----------------------------------------------------------------------------

run "invocation" {
  command = plan

  module {
    source = "./modules/bucket-invocation"
  }

  variables {
    bucket       = { name = "bucket-a", account_id = "444455556666" }
    function     = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_ingest" }
    statement_id = "a"
  }

  assert {
    condition = alltrue([
      aws_lambda_permission.this.principal == "s3.amazonaws.com",
      aws_lambda_permission.this.action == "lambda:InvokeFunction",
      aws_lambda_permission.this.source_arn == "arn:aws:s3:::bucket-a",
      aws_lambda_permission.this.source_account == "444455556666",
    ])
    error_message = "One bucket of one account may invoke it."
  }
}

run "invocation_with_a_name_that_is_none" {
  command = plan

  module {
    source = "./modules/bucket-invocation"
  }

  variables {
    bucket       = { name = "bucket-a", account_id = "444455556666" }
    function     = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_ingest" }
    statement_id = "a b"
  }

  expect_failures = [var.statement_id]
}

# -----------------------------------------------------------------------------
# bucket-notification
# -----------------------------------------------------------------------------

run "notification_of_all_kinds" {
  command = plan

  module {
    source = "./modules/bucket-notification"
  }

  variables {
    bucket      = "bucket-a"
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
    bucket = "bucket-a"
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
    bucket = "bucket-a"
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
    bucket    = "bucket-a"
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
    bucket    = "bucket-a"
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
    bucket    = "bucket-a"
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
    bucket    = "bucket-a"
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
    bucket    = "bucket-a"
    functions = { one = { function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:two" }, prefix = "in/*" } }
  }

  expect_failures = [var.functions]
}

# -----------------------------------------------------------------------------
# handler, ledger, outcomes
# -----------------------------------------------------------------------------

run "handler_that_keeps_what_failed" {
  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_ingest"
    role_name = "reports_ingest_eu-central-1"
    handler   = "ingest"
    artifact  = { s3 = { bucket = "artifacts" } }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { ingest = { arm64 = { file = "i.zip", sha256 = "i1", bytes = 1 } } }
    }
    async_invoke = { maximum_event_age_seconds = 21600, maximum_retry_attempts = 2, on_failure = { arn = "arn:aws:sqs:eu-central-1:111122223333:failures" } }
    environment  = { A = "a" }
    kms_key      = { arn = "arn:aws:kms:eu-central-1:111122223333:key/k1" }
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this[0].destination_config[0].on_failure[0].destination == "arn:aws:sqs:eu-central-1:111122223333:failures"
    error_message = "What failed for good goes to the queue."
  }
  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:eu-central-1:111122223333:key/k1"
    error_message = "The log group is encrypted with the key."
  }
  assert {
    condition     = aws_lambda_function.this.kms_key_arn == "arn:aws:kms:eu-central-1:111122223333:key/k1"
    error_message = "The environment is encrypted with the key."
  }
  assert {
    condition = {
      for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Sid => "${join(" ", s.Action)} on ${join(" ", s.Resource)}" if s.Sid != "Logs"
      } == {
      Key       = "kms:Decrypt kms:GenerateDataKey on arn:aws:kms:eu-central-1:111122223333:key/k1"
      OnFailure = "sqs:SendMessage on arn:aws:sqs:eu-central-1:111122223333:failures"
    }
    error_message = "Lambda sends there as the function, which may use the key: ${aws_iam_role_policy.this.policy}"
  }
}

run "handler_with_a_key_and_nothing_to_encrypt" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_ingest"
    role_name = "reports_ingest_eu-central-1"
    handler   = "ingest"
    artifact  = { s3 = { bucket = "artifacts" } }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { ingest = { arm64 = { file = "i.zip", sha256 = "i1", bytes = 1 } } }
    }
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/k1" }
  }

  assert {
    condition     = aws_lambda_function.this.kms_key_arn == null
    error_message = "Lambda does not keep a key without variables: every plan would differ."
  }
}

run "handler_with_an_environment_too_large" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_ingest"
    role_name = "reports_ingest_eu-central-1"
    handler   = "ingest"
    artifact  = { s3 = { bucket = "artifacts" } }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { ingest = { arm64 = { file = "i.zip", sha256 = "i1", bytes = 1 } } }
    }
    environment = { A = format("%4096s", "a") }
  }

  expect_failures = [aws_lambda_function.this]
}

run "handler_with_an_environment_that_fits" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_ingest"
    role_name = "reports_ingest_eu-central-1"
    handler   = "ingest"
    artifact  = { s3 = { bucket = "artifacts" } }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { ingest = { arm64 = { file = "i.zip", sha256 = "i1", bytes = 1 } } }
    }
    environment = { A = format("%4095s", "a") }
  }
}

run "handler_with_an_alias_for_a_key" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_ingest"
    role_name = "reports_ingest_eu-central-1"
    handler   = "ingest"
    artifact  = { s3 = { bucket = "artifacts" } }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { ingest = { arm64 = { file = "i.zip", sha256 = "i1", bytes = 1 } } }
    }
    kms_key = { arn = "alias/aws/sqs" }
  }

  expect_failures = [var.kms_key]
}

run "ledger_with_a_key" {
  command = plan

  module {
    source = "./modules/ledger"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/k1" }
  }

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].enabled && aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-central-1:111122223333:key/k1"
    error_message = "The table is encrypted with the key."
  }
}

run "ledger_with_an_alias_for_a_key" {
  command = plan

  module {
    source = "./modules/ledger"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:alias/aws/dynamodb" }
  }

  expect_failures = [var.kms_key]
}

run "outcomes_with_a_key" {
  command = plan

  module {
    source = "./modules/outcomes"
  }

  variables {
    dead_letter_name         = "reports_outcomes-dlq"
    name                     = "reports_outcomes"
    function                 = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_settle" }
    function_timeout_seconds = 30
    kms_key                  = { arn = "arn:aws:kms:eu-central-1:111122223333:key/k1" }
    state_machine            = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports" }
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
    dead_letter_name         = "reports_outcomes-dlq"
    name                     = "reports_outcomes"
    function                 = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_settle" }
    function_timeout_seconds = 30
    kms_key                  = { arn = "alias/aws/sqs" }
    state_machine            = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports:live" }
  }

  expect_failures = [var.kms_key, var.state_machine]
}

# -----------------------------------------------------------------------------
# key-policy
# -----------------------------------------------------------------------------

run "key_policy" {
  command = plan

  module {
    source = "./modules/key-policy"
  }

  variables {
    buckets = {
      home = { name = "bucket-a" }
      away = { name = "bucket-b", account_id = "444455556666" }
    }
    iam                     = { path = "/pipelines/", role_name_prefix = "team_" }
    name                    = "device-status"
    topics                  = { fanout = { arn = "arn:aws:sns:eu-central-1:777788889999:fanout" } }
    trusted_organization_id = "o-abcdefghij"
    workflow                = false
  }

  assert {
    condition = jsonencode([for s in output.statements : { Sid = s.Sid, Condition = s.Condition }]) == jsonencode([
      {
        Sid = "DeviceStatusS3"
        Condition = {
          ArnEquals    = { "aws:SourceArn" = ["arn:aws:s3:::bucket-a"] }
          StringEquals = { "aws:SourceAccount" = ["111122223333"] }
        }
      },
      {
        Sid = "DeviceStatusS3OfOrganization"
        Condition = {
          ArnEquals    = { "aws:SourceArn" = ["arn:aws:s3:::bucket-b"] }
          StringEquals = { "aws:SourceOrgID" = ["o-abcdefghij"] }
        }
      },
      {
        Sid       = "DeviceStatusEventBridge"
        Condition = { ArnEquals = { "aws:SourceArn" = ["arn:aws:events:eu-central-1:111122223333:rule/device-status_outcomes"] } }
      },
      {
        Sid       = "DeviceStatusSns"
        Condition = { ArnEquals = { "aws:SourceArn" = ["arn:aws:sns:eu-central-1:777788889999:fanout"] } }
      },
      {
        Sid = "DeviceStatusLogs"
        Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = [
          "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/device-status_dispatch",
          "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/device-status_settle",
        ] } }
      },
      {
        Sid = "DeviceStatusRoles"
        Condition = { ArnEquals = { "aws:PrincipalArn" = [
          "arn:aws:iam::111122223333:role/pipelines/team_device-status_dispatch_eu-central-1",
          "arn:aws:iam::111122223333:role/pipelines/team_device-status_settle_eu-central-1",
        ] } }
      },
    ])
    error_message = "Everyone who uses the key is named: ${jsonencode(output.statements)}"
  }
}

run "key_policy_with_a_workflow" {
  command = plan

  module {
    source = "./modules/key-policy"
  }

  variables {
    handlers = ["dispatch", "ingest", "reconcile", "settle"]
  }

  assert {
    condition     = [for s in output.statements : s.Sid] == ["ReportsEventBridge", "ReportsLogs", "ReportsLogDelivery", "ReportsRoles"]
    error_message = "Log delivery reads what Step Functions logs: ${jsonencode(output.statements)}"
  }
  assert {
    condition     = strcontains(jsonencode(output.statements), "log-group:/aws/vendedlogs/states/reports_workflow") && strcontains(jsonencode(output.statements), "role/reports_workflow_eu-central-1") && strcontains(jsonencode(output.statements), "role/reports_ingest_eu-central-1")
    error_message = "The workflow and ingest are in it: ${jsonencode(output.statements)}"
  }
  assert {
    condition     = alltrue([for name in ["rule/reports_reconcile", "log-group:/aws/vendedlogs/states/reports_reconcile", "role/reports_reconcile_eu-central-1", "role/reports_reconcile-map_eu-central-1"] : strcontains(jsonencode(output.statements), "${name}\"")])
    error_message = "reconcile's rule, state machine and function are in it: ${jsonencode(output.statements)}"
  }
}

run "key_policy_with_appliers" {
  command = plan

  module {
    source = "./modules/key-policy"
  }

  variables {
    appliers = [
      "arn:aws:iam::444455556666:user/ops/ann",
      "arn:aws:iam::111122223333:role/deploy",
      "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Deploy_*",
    ]
  }

  assert {
    condition = jsonencode([for s in output.statements : s if startswith(s.Sid, "ReportsAppliers")]) == jsonencode([
      for s in [
        {
          Sid       = "ReportsAppliers"
          Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
          services  = ["dynamodb.eu-central-1.*", "lambda.eu-central-1.*", "states.eu-central-1.*"]
          condition = {}
        },
        {
          Sid       = "ReportsAppliersGrants"
          Action    = ["kms:CreateGrant"]
          services  = ["dynamodb.eu-central-1.*", "lambda.eu-central-1.*"]
          condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
        },
        ] : {
        Sid       = s.Sid
        Effect    = "Allow"
        Principal = { AWS = ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"] }
        Action    = s.Action
        Resource  = "*"
        Condition = merge(s.condition, {
          ArnLike = { "aws:PrincipalArn" = [
            "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Deploy_*",
            "arn:aws:iam::111122223333:role/deploy",
            "arn:aws:iam::444455556666:user/ops/ann",
          ] }
          StringLike = { "kms:ViaService" = s.services }
        })
      }
    ])
    error_message = "Whoever applies may use the key through the services that ask for it: ${jsonencode(output.statements)}"
  }
}

run "key_policy_out_of_range" {
  command = plan

  module {
    source = "./modules/key-policy"
  }

  variables {
    appliers = ["arn:aws:sts::111122223333:assumed-role/deploy/ann"]
    handlers = ["dispatch", "sweep"]
    iam      = { path = "pipelines" }
    name     = "Reports"
  }

  expect_failures = [var.appliers, var.handlers, var.iam, var.name]
}
