# Each module on its own: what it makes, and what it refuses.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  dead_letter_name = "reports-dlq"
  home             = { partition = "aws", region = "eu-central-1", account_id = "111122223333" }
  name             = "reports"
}

# -----------------------------------------------------------------------------
# queue
# -----------------------------------------------------------------------------

run "queue" {
  module {
    source = "./modules/queue"
  }

  variables {
    buckets = {
      b    = { name = "bucket-b" }
      a    = { name = "bucket-a", sources = { all = {} } }
      away = { name = "bucket-away", account_id = "444455556666" }
    }
    extra_policy_statements = [{
      sid        = "Forwarder"
      principals = { AWS = ["arn:aws:iam::111122223333:role/forwarder"] }
      actions    = ["sqs:SendMessage"]
    }]
    rules  = { one = { arn = "arn:aws:events:eu-central-1:111122223333:rule/one" } }
    topics = { fanout = { arn = "arn:aws:sns:eu-central-1:777788889999:fanout" } }
  }

  assert {
    condition = aws_sqs_queue.this.policy == jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "S3"
          Effect    = "Allow"
          Principal = { Service = "s3.amazonaws.com" }
          Action    = "sqs:SendMessage"
          Resource  = "arn:aws:sqs:eu-central-1:111122223333:reports"
          Condition = {
            ArnEquals    = { "aws:SourceArn" = ["arn:aws:s3:::bucket-a", "arn:aws:s3:::bucket-away", "arn:aws:s3:::bucket-b"] }
            StringEquals = { "aws:SourceAccount" = ["111122223333", "444455556666"] }
          }
        },
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
          Sid       = "Forwarder"
          Effect    = "Allow"
          Principal = { AWS = ["arn:aws:iam::111122223333:role/forwarder"] }
          Action    = ["sqs:SendMessage"]
          Resource  = "arn:aws:sqs:eu-central-1:111122223333:reports"
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
    error_message = "The queue's one policy: ${aws_sqs_queue.this.policy}"
  }
  assert {
    condition = aws_sqs_queue.dlq.policy == jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "TlsOnly"
          Effect    = "Deny"
          Principal = "*"
          Action    = "sqs:*"
          Resource  = "arn:aws:sqs:eu-central-1:111122223333:reports-dlq"
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
        {
          Sid       = "Protected"
          Effect    = "Deny"
          Principal = "*"
          Action    = ["sqs:DeleteQueue", "sqs:PurgeQueue"]
          Resource  = "arn:aws:sqs:eu-central-1:111122223333:reports-dlq"
        },
      ]
    })
    error_message = "The dead-letter queue's policy: ${aws_sqs_queue.dlq.policy}"
  }
  assert {
    condition     = aws_sqs_queue.this.message_retention_seconds == 1209600 && aws_sqs_queue.dlq.message_retention_seconds == 1209600
    error_message = "Both queues keep messages for as long as SQS can."
  }
  assert {
    condition     = aws_sqs_queue.this.sqs_managed_sse_enabled && aws_sqs_queue.dlq.sqs_managed_sse_enabled
    error_message = "Both queues are encrypted."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dlq.arn, maxReceiveCount = 20 }
    error_message = "The queue's redrive policy: ${aws_sqs_queue.this.redrive_policy}"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.dlq.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-central-1:111122223333:reports"] }
    error_message = "The dead-letter queue takes from its own queue only: ${aws_sqs_queue.dlq.redrive_allow_policy}"
  }
}

run "queue_unprotected_in_another_partition" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    home    = { partition = "aws-cn", region = "cn-north-1", account_id = "111122223333" }
    buckets = { a = { name = "bucket-a" } }
    protect = false
  }

  assert {
    condition     = [for s in jsondecode(aws_sqs_queue.this.policy).Statement : s.Sid] == ["S3", "TlsOnly"]
    error_message = "Nothing keeps an unprotected queue from being deleted: ${aws_sqs_queue.this.policy}"
  }
  assert {
    condition     = [for s in jsondecode(aws_sqs_queue.dlq.policy).Statement : s.Sid] == ["TlsOnly"]
    error_message = "Nothing keeps an unprotected dead-letter queue from being deleted: ${aws_sqs_queue.dlq.policy}"
  }
  assert {
    condition     = strcontains(aws_sqs_queue.this.policy, "arn:aws-cn:s3:::bucket-a") && !strcontains(aws_sqs_queue.this.policy, "arn:aws:")
    error_message = "Every ARN is of the queue's partition: ${aws_sqs_queue.this.policy}"
  }
}

run "queue_of_sixty_buckets" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    buckets = { for i in range(60) : "b${i}" => {
      name       = "a-bucket-whose-name-has-just-as-many-letters-as-s3-allows-in-${format("%02d", i)}"
      account_id = i < 20 ? null : format("%012d", i)
    } }
    rules  = { for i in range(5) : "r${i}" => { arn = "arn:aws:events:ap-southeast-1:111122223333:rule/a-rule-whose-name-has-as-many-letters-as-eventbridge-allows-64-${i}" } }
    topics = { one = { arn = "arn:aws:sns:ap-southeast-1:777788889999:a-topic" } }
  }

  assert {
    condition     = alltrue([for bucket in var.buckets : length(bucket.name) == 63])
    error_message = "The names are as long as S3 allows."
  }
  assert {
    condition     = length(aws_sqs_queue.this.policy) <= 8192 && length(jsondecode(aws_sqs_queue.this.policy).Statement) <= 20
    error_message = "Sixty buckets with the longest of names, of 41 accounts, five rules and a topic fit into one policy: ${length(aws_sqs_queue.this.policy)}"
  }
  assert {
    condition     = sum(flatten([for s in jsondecode(aws_sqs_queue.this.policy).Statement : [for keys in values(try(s.Condition, {})) : length(keys)]])) <= 10
    error_message = "The policy has at most ten conditions."
  }
}

run "queue_of_an_organization" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    buckets = {
      home = { name = "bucket-a" }
      away = { name = "bucket-b", account_id = "444455556666" }
      far  = { name = "bucket-c", account_id = "777788889999" }
    }
    trusted_organization_id = "o-abcdefghij"
  }

  assert {
    condition = {
      for s in jsondecode(aws_sqs_queue.this.policy).Statement : s.Sid => s.Condition if startswith(s.Sid, "S3")
      } == {
      S3 = {
        ArnEquals    = { "aws:SourceArn" = ["arn:aws:s3:::bucket-a"] }
        StringEquals = { "aws:SourceAccount" = ["111122223333"] }
      }
      S3OfOrganization = {
        ArnEquals    = { "aws:SourceArn" = ["arn:aws:s3:::bucket-b", "arn:aws:s3:::bucket-c"] }
        StringEquals = { "aws:SourceOrgID" = ["o-abcdefghij"] }
      }
    }
    error_message = "The organization stands for its accounts, and the buckets are still named: ${aws_sqs_queue.this.policy}"
  }
}

run "queue_of_an_organization_that_is_none" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    trusted_organization_id = "abcdefghij"
  }

  expect_failures = [var.trusted_organization_id]
}

run "queue_of_too_many_buckets" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    buckets = { for i in range(120) : "b${i}" => { name = "a-bucket-whose-name-has-just-as-many-letters-as-s3-allows-b-${i}" } }
  }

  expect_failures = [aws_sqs_queue.this]
}

run "queue_of_too_many_statements" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    extra_policy_statements = [for i in range(19) : { sid = "S${i}", principals = { AWS = ["arn:aws:iam::111122223333:role/r${i}"] }, actions = ["sqs:SendMessage"] }]
  }

  expect_failures = [aws_sqs_queue.this]
}

run "queue_of_too_many_conditions" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    extra_policy_statements = [for i in range(10) : {
      sid        = "S${i}"
      principals = { AWS = ["arn:aws:iam::111122223333:role/r${i}"] }
      actions    = ["sqs:SendMessage"]
      conditions = { StringEquals = { "aws:PrincipalOrgID" = ["o-abcdefghij"] } }
    }]
  }

  expect_failures = [aws_sqs_queue.this]
}

run "queue_that_is_fifo" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    fifo = true
  }

  assert {
    condition = alltrue([
      for queue in [aws_sqs_queue.this, aws_sqs_queue.dlq] :
      queue.fifo_queue && queue.deduplication_scope == "messageGroup" && queue.fifo_throughput_limit == "perMessageGroupId"
    ])
    error_message = "Both queues are FIFO, with the throughput of each group apart."
  }
  assert {
    condition     = aws_sqs_queue.this.name == "reports.fifo" && aws_sqs_queue.dlq.name == "reports-dlq.fifo"
    error_message = "The names end in .fifo: ${aws_sqs_queue.this.name} ${aws_sqs_queue.dlq.name}"
  }
  assert {
    condition     = strcontains(aws_sqs_queue.this.policy, ":reports.fifo") && strcontains(aws_sqs_queue.dlq.policy, ":reports-dlq.fifo")
    error_message = "The policies are of these queues: ${aws_sqs_queue.this.policy}"
  }
}

run "queue_that_is_fifo_for_a_bucket" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    buckets = { a = { name = "bucket-a" } }
    fifo    = true
  }

  expect_failures = [var.fifo]
}

run "queue_with_a_key" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/k1" }
  }

  assert {
    condition = alltrue([
      for queue in [aws_sqs_queue.this, aws_sqs_queue.dlq] :
      queue.kms_master_key_id == "arn:aws:kms:eu-central-1:111122223333:key/k1"
    ])
    error_message = "Both queues are encrypted with the key."
  }
}

run "queue_with_an_alias_for_a_key" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:alias/aws/sqs" }
  }

  expect_failures = [var.kms_key]
}

run "queue_with_overlapping_sources" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    buckets = {
      a = {
        name = "bucket-a"
        sources = {
          wide   = { prefix = "in/" }
          narrow = { prefix = "in/status/", suffix = ".json", events = ["s3:ObjectCreated:Put"] }
        }
      }
    }
  }

  expect_failures = [output.bucket_notifications]
}

run "queue_with_sources_side_by_side" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    buckets = {
      a = {
        name = "bucket-a"
        sources = {
          json  = { prefix = "in/", suffix = ".json", events = ["s3:ObjectCreated:Put"] }
          csv   = { prefix = "in/", suffix = ".csv" }
          other = { prefix = "out/" }
          copy  = { prefix = "in/", suffix = ".json", events = ["s3:ObjectCreated:Copy"] }
        }
      }
      b = { name = "bucket-b", sources = { json = { prefix = "in/" } } }
    }
  }

  assert {
    condition     = length(output.bucket_notifications.a.queues) == 4
    error_message = "Sources that cannot match the same event are fine, and so is another bucket."
  }
}

run "queue_hidden_for_too_short" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    consumer_timeout_seconds   = 76
    visibility_timeout_seconds = 75
  }

  expect_failures = [var.visibility_timeout_seconds]
}

run "queue_whose_dead_letters_die_first" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    retention_seconds             = 345600
    dead_letter_retention_seconds = 345599
  }

  expect_failures = [var.dead_letter_retention_seconds]
}

run "queue_kept_for_too_long" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    retention_seconds = 1209601
  }

  expect_failures = [var.retention_seconds]
}

run "queue_whose_dead_letters_are_kept_for_too_long" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    dead_letter_retention_seconds = 1209601
  }

  expect_failures = [var.dead_letter_retention_seconds]
}

run "queue_received_too_often" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    max_receive_count = 1001
  }

  expect_failures = [var.max_receive_count]
}

run "queue_with_a_name_too_long" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    name = "a-name-that-leaves-no-room-for-the-suffix-of-the-dead-letter-queue-of-the-queue-x"
  }

  expect_failures = [var.name]
}

run "queue_with_an_account_that_is_none" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    buckets = { a = { name = "bucket-a", account_id = "1234" } }
  }

  expect_failures = [var.buckets]
}

run "queue_with_a_statement_of_too_many_actions" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    extra_policy_statements = [{
      sid        = "Consumer"
      principals = { AWS = ["arn:aws:iam::111122223333:role/consumer"] }
      actions = [
        "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
        "sqs:ListDeadLetterSourceQueues", "sqs:ListQueueTags", "sqs:ReceiveMessage", "sqs:SendMessage",
      ]
    }]
  }

  expect_failures = [var.extra_policy_statements]
}

run "queue_with_a_statement_of_no_action" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    extra_policy_statements = [{ sid = "None", principals = { AWS = ["arn:aws:iam::111122223333:role/consumer"] }, actions = [] }]
  }

  expect_failures = [var.extra_policy_statements]
}

run "queue_with_a_statement_that_allows_all" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    extra_policy_statements = [{ sid = "All", principals = { AWS = ["*"] }, actions = ["sqs:*"] }]
  }

  expect_failures = [var.extra_policy_statements]
}

# -----------------------------------------------------------------------------
# bucket-notification
# -----------------------------------------------------------------------------

run "notification" {
  module {
    source = "./modules/bucket-notification"
  }

  variables {
    bucket = "bucket-a"
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
    bucket = "bucket-a"
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
    bucket = "bucket-a"
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
    bucket = "bucket-a"
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
    bucket = "bucket-a"
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
    bucket = "bucket-a"
    queues = { for i in range(101) : "n${i}" => { queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:one" }, prefix = "${i}/" } }
  }

  expect_failures = [var.queues]
}

# -----------------------------------------------------------------------------
# ledger
# -----------------------------------------------------------------------------

run "ledger" {
  module {
    source = "./modules/ledger"
  }

  assert {
    condition     = aws_dynamodb_table.this.hash_key == "pk" && aws_dynamodb_table.this.range_key == "sk" && aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
    error_message = "The table has the keys that the handlers use."
  }
  assert {
    condition     = aws_dynamodb_table.this.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.this.ttl[0].enabled
    error_message = "Finished rows expire by expires_at."
  }
  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "The table can be restored, and is not deleted by accident."
  }
  assert {
    condition     = length(aws_dynamodb_table.this.global_secondary_index) == 0
    error_message = "No index: it could only be read eventually consistent."
  }
}

run "ledger_with_a_name_that_is_none" {
  command = plan

  module {
    source = "./modules/ledger"
  }

  variables {
    name = "my ledger"
  }

  expect_failures = [var.name]
}

# -----------------------------------------------------------------------------
# handler
# -----------------------------------------------------------------------------

run "handler" {
  module {
    source = "./modules/handler"
  }

  variables {
    name         = "reports_dispatch"
    role_name    = "reports_dispatch_eu-central-1"
    handler      = "dispatch"
    artifact     = { directory = "./tests/zips" }
    async_invoke = {}
    environment  = { A = "1" }
    iam          = { path = "/pipelines/", permissions_boundary = "arn:aws:iam::111122223333:policy/boundary" }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { dispatch = { arm64 = { file = "d.zip", sha256 = "0XDgddfzNH10IRiO3xF6zKqa1UC/LkSezjprKaCUh4I=", bytes = 1 } } }
    }
    settings = { memory_mb = 512, reserved_concurrency = 1, timeout_seconds = 76, tracing = true }
  }

  assert {
    condition = alltrue([
      aws_lambda_function.this.function_name == "reports_dispatch",
      aws_lambda_function.this.runtime == "provided.al2023",
      aws_lambda_function.this.handler == "bootstrap",
      tolist(aws_lambda_function.this.architectures) == tolist(["arm64"]),
      aws_lambda_function.this.filename == "./tests/zips/d.zip",
      aws_lambda_function.this.s3_bucket == null,
      aws_lambda_function.this.source_code_hash == "0XDgddfzNH10IRiO3xF6zKqa1UC/LkSezjprKaCUh4I=",
      aws_lambda_function.this.memory_size == 512,
      aws_lambda_function.this.reserved_concurrent_executions == 1,
      aws_lambda_function.this.timeout == 76,
      aws_lambda_function.this.tracing_config[0].mode == "Active",
      aws_lambda_function.this.logging_config[0].log_group == "/aws/lambda/reports_dispatch",
      aws_lambda_function.this.logging_config[0].log_format == "JSON",
    ])
    error_message = "The function: ${jsonencode(aws_lambda_function.this)}"
  }
  assert {
    condition = alltrue([
      aws_iam_role.this.name == "reports_dispatch_eu-central-1",
      aws_iam_role.this.path == "/pipelines/",
      aws_iam_role.this.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary",
    ])
    error_message = "The role: ${jsonencode(aws_iam_role.this)}"
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.this[0].maximum_event_age_in_seconds == 60 && aws_lambda_function_event_invoke_config.this[0].maximum_retry_attempts == 0
    error_message = "An asynchronous invocation is tried for a minute, once."
  }
  assert {
    condition     = output.released_sha256 == "0XDgddfzNH10IRiO3xF6zKqa1UC/LkSezjprKaCUh4I=" && output.running_sha256 == "running"
    error_message = "Released is what the manifest says, running what Lambda says."
  }
}

run "handler_without_its_zip" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_dispatch"
    role_name = "reports_dispatch_eu-central-1"
    handler   = "dispatch"
    artifact  = { directory = "./tests/zips" }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { dispatch = { arm64 = { file = "nowhere.zip", sha256 = "0XDgddfzNH10IRiO3xF6zKqa1UC/LkSezjprKaCUh4I=", bytes = 1 } } }
    }
  }

  expect_failures = [aws_lambda_function.this]
}

run "handler_with_the_zip_of_another_build" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_dispatch"
    role_name = "reports_dispatch_eu-central-1"
    handler   = "dispatch"
    artifact  = { directory = "./tests/zips" }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { dispatch = { arm64 = { file = "d.zip", sha256 = "d1", bytes = 1 } } }
    }
  }

  expect_failures = [aws_lambda_function.this]
}

run "handler_from_a_bucket" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name         = "reports_settle"
    role_name    = "reports_settle_eu-central-1"
    handler      = "settle"
    architecture = "x86_64"
    artifact     = { s3 = { bucket = "artifacts", prefix = "v1/" } }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { settle = { x86_64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } }
    }
  }

  assert {
    condition     = aws_lambda_function.this.s3_bucket == "artifacts" && aws_lambda_function.this.s3_key == "v1/s.zip" && aws_lambda_function.this.filename == null
    error_message = "The zip comes from the bucket."
  }
  assert {
    condition     = length(aws_lambda_function_event_invoke_config.this) == 0
    error_message = "Without async_invoke, Lambda's defaults hold."
  }
}

run "handler_of_another_protocol" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_settle"
    role_name = "reports_settle_eu-central-1"
    handler   = "settle"
    artifact  = { s3 = { bucket = "artifacts" } }
    manifest = {
      version  = "9.0.0"
      protocol = 3
      handlers = { settle = { arm64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } }
    }
  }

  expect_failures = [aws_lambda_function.this]
}

run "handler_that_the_manifest_lacks" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_settle"
    role_name = "reports_settle_eu-central-1"
    handler   = "settle"
    artifact  = { s3 = { bucket = "artifacts" } }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { settle = { x86_64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } }
    }
  }

  expect_failures = [aws_lambda_function.this]
}

run "handler_with_a_role_name_too_long" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_settle"
    role_name = "a-role-of-an-organisation-that-has-long-names_reports_eu-central-1"
    handler   = "settle"
    artifact  = { s3 = { bucket = "artifacts" } }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { settle = { arm64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } }
    }
  }

  expect_failures = [var.role_name]
}

run "handler_with_a_policy_too_long" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_settle"
    role_name = "reports_settle_eu-central-1"
    handler   = "settle"
    artifact  = { s3 = { bucket = "artifacts" } }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { settle = { arm64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } }
    }
    policy_statements = [
      { actions = ["s3:GetObject"], resources = [for i in range(200) : "arn:aws:s3:::a-bucket-with-a-rather-long-name-${i}/*"] },
    ]
  }

  expect_failures = [aws_iam_role_policy.this]
}

run "handler_out_of_range" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    role_name         = "reports_settle_eu-central-1"
    handler           = "Settle"
    architecture      = "arm"
    artifact          = {}
    async_invoke      = { maximum_event_age_seconds = 59 }
    manifest          = { version = "1.2.3", protocol = 2, handlers = {} }
    name              = "my reports"
    policy_statements = [{ effect = "allow", actions = ["s3:GetObject"], resources = [] }]
  }

  expect_failures = [
    var.handler, var.architecture, var.artifact, var.async_invoke, var.name, var.policy_statements,
  ]
}

run "handler_with_too_little_memory" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_settle"
    role_name = "reports_settle_eu-central-1"
    handler   = "settle"
    artifact  = { s3 = { bucket = "artifacts" } }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { settle = { arm64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } }
    }
    settings = { memory_mb = 64 }
  }

  expect_failures = [var.settings]
}

run "handler_that_runs_for_too_long" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_settle"
    role_name = "reports_settle_eu-central-1"
    handler   = "settle"
    artifact  = { s3 = { bucket = "artifacts" } }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { settle = { arm64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } }
    }
    settings = { timeout_seconds = 901 }
  }

  expect_failures = [var.settings]
}

run "handler_that_can_never_run" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name      = "reports_settle"
    role_name = "reports_settle_eu-central-1"
    handler   = "settle"
    artifact  = { s3 = { bucket = "artifacts" } }
    manifest = {
      version  = "1.2.3"
      protocol = 2
      handlers = { settle = { arm64 = { file = "s.zip", sha256 = "s1", bytes = 1 } } }
    }
    settings = { reserved_concurrency = 0 }
  }

  expect_failures = [var.settings]
}

# -----------------------------------------------------------------------------
# schedule
# -----------------------------------------------------------------------------

run "schedule" {
  module {
    source = "./modules/schedule"
  }

  variables {
    function = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_dispatch" }
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
    function   = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_dispatch" }
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
    function   = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_dispatch" }
  }

  expect_failures = [var.expression]
}

# -----------------------------------------------------------------------------
# workflow
# -----------------------------------------------------------------------------

run "workflow" {
  module {
    source = "./modules/workflow"
  }

  variables {
    role_name         = "reports_workflow_eu-central-1"
    definition        = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
    iam               = { path = "/pipelines/", permissions_boundary = "arn:aws:iam::111122223333:policy/boundary" }
    policy_statements = [{ actions = ["s3:GetObject"], resources = ["arn:aws:s3:::bucket-a/*"] }]
    timeout_seconds   = 900
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition) == { StartAt = "Done", States = { Done = { Type = "Succeed" } }, TimeoutSeconds = 900 }
    error_message = "The timeout goes into the definition: ${aws_sfn_state_machine.this.definition}"
  }
  assert {
    condition = alltrue([
      aws_sfn_state_machine.this.type == "STANDARD",
      aws_sfn_state_machine.this.logging_configuration[0].level == "ERROR",
      !aws_sfn_state_machine.this.logging_configuration[0].include_execution_data,
      aws_sfn_state_machine.this.logging_configuration[0].log_destination == "arn:aws:logs:eu-central-1:111122223333:log-group:mock:*",
      aws_cloudwatch_log_group.this.name == "/aws/vendedlogs/states/reports",
    ])
    error_message = "Errors are logged, without what the executions work on."
  }
  assert {
    condition = aws_iam_role.this.assume_role_policy == jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "states.amazonaws.com" }
        Condition = {
          ArnEquals    = { "aws:SourceArn" = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports" }
          StringEquals = { "aws:SourceAccount" = "111122223333" }
        }
      }]
    })
    error_message = "Only this state machine may take the role: ${aws_iam_role.this.assume_role_policy}"
  }
  assert {
    condition     = aws_iam_role.this.name == "reports_workflow_eu-central-1" && aws_iam_role.this.path == "/pipelines/" && aws_iam_role.this.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"
    error_message = "The role: ${jsonencode(aws_iam_role.this)}"
  }
  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s.Resource] == [["*"], ["arn:aws:s3:::bucket-a/*"]]
    error_message = "Besides log delivery, which has no resources, the role may do what it was given: ${aws_iam_role_policy.this[0].policy}"
  }
  assert {
    condition     = output.execution_arn_pattern == "arn:aws:states:eu-central-1:111122223333:execution:mock:*"
    error_message = "The executions' ARNs: ${output.execution_arn_pattern}"
  }
}

run "workflow_that_may_do_nothing" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    role_name  = "reports_workflow_eu-central-1"
    definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
    logs       = { level = "OFF" }
  }

  assert {
    condition     = length(aws_iam_role_policy.this) == 0
    error_message = "Without logs and statements there is no policy."
  }
  assert {
    condition     = aws_sfn_state_machine.this.logging_configuration[0].log_destination == null
    error_message = "Step Functions would check that the role can deliver logs."
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition) == { StartAt = "Done", States = { Done = { Type = "Succeed" } }, TimeoutSeconds = 86400 }
    error_message = "An execution that hangs gives its slot back after a day: ${aws_sfn_state_machine.this.definition}"
  }
}

run "workflow_with_a_timeout_of_its_own" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    role_name  = "reports_workflow_eu-central-1"
    definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}, \"TimeoutSeconds\": 60}"
  }

  assert {
    condition     = aws_sfn_state_machine.this.definition == var.definition
    error_message = "What the definition says is left as it is."
  }
}

run "workflow_without_a_timeout" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    role_name       = "reports_workflow_eu-central-1"
    definition      = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
    timeout_seconds = 0
  }

  assert {
    condition     = aws_sfn_state_machine.this.definition == var.definition
    error_message = "0 leaves the definition as it is."
  }
}

run "workflow_that_is_a_path" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    role_name  = "reports_workflow_eu-central-1"
    definition = "workflow.asl.json"
  }

  expect_failures = [var.definition]
}

run "workflow_without_states" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    role_name  = "reports_workflow_eu-central-1"
    definition = "{\"StartAt\": \"Done\"}"
  }

  expect_failures = [var.definition]
}

run "workflow_out_of_range" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    role_name         = "reports_workflow_eu-central-1"
    definition        = "{\"StartAt\": \"Done\", \"States\": {}}"
    logs              = { level = "WARN" }
    policy_statements = [{ effect = "allow", actions = ["s3:GetObject"], resources = [] }]
    timeout_seconds   = -1
  }

  expect_failures = [var.logs, var.policy_statements, var.timeout_seconds]
}

run "workflow_with_a_role_name_too_long" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    role_name  = "a-role-of-an-organisation-that-has-long-names_reports_eu-central-1"
    definition = "{\"StartAt\": \"Done\", \"States\": {}}"
  }

  expect_failures = [var.role_name]
}

run "workflow_with_a_policy_too_long" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    role_name  = "reports_workflow_eu-central-1"
    definition = "{\"StartAt\": \"Done\", \"States\": {}}"
    policy_statements = [
      { actions = ["s3:GetObject"], resources = [for i in range(200) : "arn:aws:s3:::a-bucket-with-a-rather-long-name-${i}/*"] },
    ]
  }

  expect_failures = [aws_iam_role_policy.this]
}

run "workflow_with_a_name_that_is_none" {
  command = plan

  module {
    source = "./modules/workflow"
  }

  variables {
    role_name  = "reports_workflow_eu-central-1"
    definition = "{\"StartAt\": \"Done\", \"States\": {}}"
    name       = "my workflow"
  }

  expect_failures = [var.name]
}

# -----------------------------------------------------------------------------
# outcomes
# -----------------------------------------------------------------------------

run "outcomes" {
  module {
    source = "./modules/outcomes"
  }

  variables {
    dead_letter_name         = "reports_outcomes-dlq"
    name                     = "reports_outcomes"
    function                 = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_settle" }
    function_timeout_seconds = 30
    state_machine            = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports" }
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this.event_pattern) == {
      source      = ["aws.states"]
      detail-type = ["Step Functions Execution Status Change"]
      detail = {
        stateMachineArn = ["arn:aws:states:eu-central-1:111122223333:stateMachine:reports"]
        status          = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
      }
    }
    error_message = "The rule takes every way an execution of this state machine can end: ${aws_cloudwatch_event_rule.this.event_pattern}"
  }
  assert {
    condition = {
      for queue in [aws_sqs_queue.this, aws_sqs_queue.dlq] : queue.name => queue.policy
      } == {
      for name in ["reports_outcomes", "reports_outcomes-dlq"] : name => jsonencode({
        Version = "2012-10-17"
        Statement = [
          {
            Sid       = "EventBridge"
            Effect    = "Allow"
            Principal = { Service = "events.amazonaws.com" }
            Action    = "sqs:SendMessage"
            Resource  = "arn:aws:sqs:eu-central-1:111122223333:${name}"
            Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-central-1:111122223333:rule/reports_outcomes" } }
          },
          {
            Sid       = "TlsOnly"
            Effect    = "Deny"
            Principal = "*"
            Action    = "sqs:*"
            Resource  = "arn:aws:sqs:eu-central-1:111122223333:${name}"
            Condition = { Bool = { "aws:SecureTransport" = "false" } }
          },
        ]
      })
    }
    error_message = "The rule may send to the queue, and to the dead-letter queue what it could not send: ${aws_sqs_queue.this.policy} ${aws_sqs_queue.dlq.policy}"
  }
  assert {
    condition     = aws_cloudwatch_event_rule.this.name == "reports_outcomes" && aws_cloudwatch_event_target.this.dead_letter_config[0].arn == aws_sqs_queue.dlq.arn
    error_message = "The policies name the rule, and the rule's target has a dead-letter queue."
  }
  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 180
    error_message = "Messages stay hidden for six times the function's timeout."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dlq.arn, maxReceiveCount = 10 }
    error_message = "The queue's redrive policy: ${aws_sqs_queue.this.redrive_policy}"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.dlq.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-central-1:111122223333:reports_outcomes"] }
    error_message = "The dead-letter queue takes from its own queue only: ${aws_sqs_queue.dlq.redrive_allow_policy}"
  }
  assert {
    condition     = tolist(aws_lambda_event_source_mapping.this.function_response_types) == tolist(["ReportBatchItemFailures"]) && aws_lambda_event_source_mapping.this.scaling_config[0].maximum_concurrency == 10
    error_message = "The function says which outcomes it could not settle, and leaves the account's concurrency to others."
  }
}

run "outcomes_with_a_bound" {
  command = plan

  module {
    source = "./modules/outcomes"
  }

  variables {
    dead_letter_name         = "reports_outcomes-dlq"
    name                     = "reports_outcomes"
    function                 = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_settle" }
    function_timeout_seconds = 30
    maximum_concurrency      = 2
    state_machine            = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports" }
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this.scaling_config[0].maximum_concurrency == 2
    error_message = "At most two instances settle at once."
  }
}

run "outcomes_of_another_region" {
  command = plan

  module {
    source = "./modules/outcomes"
  }

  variables {
    name                     = "reports_outcomes"
    dead_letter_name         = "reports_outcomes-dlq"
    function                 = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_settle" }
    function_timeout_seconds = 30
    state_machine            = { arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:reports" }
  }

  expect_failures = [aws_cloudwatch_event_rule.this]
}

run "outcomes_of_another_account" {
  command = plan

  module {
    source = "./modules/outcomes"
  }

  variables {
    name                     = "reports_outcomes"
    dead_letter_name         = "reports_outcomes-dlq"
    function                 = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_settle" }
    function_timeout_seconds = 30
    state_machine            = { arn = "arn:aws:states:eu-central-1:444455556666:stateMachine:reports" }
  }

  expect_failures = [aws_cloudwatch_event_rule.this]
}

run "outcomes_out_of_range" {
  command = plan

  module {
    source = "./modules/outcomes"
  }

  variables {
    dead_letter_name         = "reports_outcomes-dlq"
    function                 = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_settle" }
    function_timeout_seconds = 901
    max_receive_count        = 4
    maximum_concurrency      = 1
    name                     = "my outcomes"
    state_machine            = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports" }
  }

  expect_failures = [var.function_timeout_seconds, var.max_receive_count, var.maximum_concurrency, var.name]
}

# -----------------------------------------------------------------------------
# reconcile
# -----------------------------------------------------------------------------

run "reconcile" {
  module {
    source = "./modules/reconcile"
  }

  variables {
    name              = "reports_reconcile"
    role_name         = "reports_reconcile-map_eu-central-1"
    rule_role_name    = "reports_reconcile-rule_eu-central-1"
    dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_reconcile-failures" }
    function          = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_reconcile" }
    iam               = { path = "/pipelines/", permissions_boundary = "arn:aws:iam::111122223333:policy/boundary" }
    kms_key           = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1234" }
    ledger            = { arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/reports_ledger", name = "reports_ledger" }
    max_concurrency   = 7
  }

  assert {
    condition = [
      for name, state in jsondecode(aws_sfn_state_machine.this.definition).States : [
        state.MaxConcurrency, state.ToleratedFailureCount, state.ItemBatcher.MaxItemsPerBatch, state.ItemProcessor.ProcessorConfig.ExecutionType,
      ] if state.Type == "Map"
    ] == [[7, 0, 200, "EXPRESS"], [7, 0, 200, "EXPRESS"]]
    error_message = "List and inventory are worked on in batches, so many at once, and none may fail: ${aws_sfn_state_machine.this.definition}"
  }
  assert {
    condition = toset([
      for task in regexall("\"FunctionName\": \"[^\"]*\"|\"TableName\": \"[^\"]*\"", aws_sfn_state_machine.this.definition) : task
      ]) == toset([
      "\"FunctionName\": \"arn:aws:lambda:eu-central-1:111122223333:function:reports_reconcile\"",
      "\"TableName\": \"reports_ledger\"",
    ])
    error_message = "It invokes the function and reads the ledger: ${aws_sfn_state_machine.this.definition}"
  }
  assert {
    condition = alltrue([
      aws_sfn_state_machine.this.name == "reports_reconcile",
      aws_sfn_state_machine.this.type == "STANDARD",
      aws_sfn_state_machine.this.encryption_configuration[0].type == "CUSTOMER_MANAGED_KMS_KEY",
      aws_sfn_state_machine.this.logging_configuration[0].level == "ERROR",
      !aws_sfn_state_machine.this.logging_configuration[0].include_execution_data,
      aws_cloudwatch_log_group.this.name == "/aws/vendedlogs/states/reports_reconcile",
    ])
    error_message = "The state machine: ${jsonencode(aws_sfn_state_machine.this)}"
  }
  assert {
    condition = {
      for statement in jsondecode(output.policy_json).Statement : statement.Sid => "${join(" ", statement.Action)} on ${join(" ", statement.Resource)}"
      if statement.Sid != "Logs"
      } == {
      Children   = "states:StartExecution on arn:aws:states:eu-central-1:111122223333:stateMachine:reports_reconcile"
      Counts     = "dynamodb:GetItem dynamodb:UpdateItem on arn:aws:dynamodb:eu-central-1:111122223333:table/reports_ledger"
      Function   = "lambda:InvokeFunction on arn:aws:lambda:eu-central-1:111122223333:function:reports_reconcile"
      Key        = "kms:Decrypt kms:GenerateDataKey on arn:aws:kms:eu-central-1:111122223333:key/1234"
      OfChildren = "states:DescribeExecution states:StopExecution on arn:aws:states:eu-central-1:111122223333:execution:reports_reconcile:* arn:aws:states:eu-central-1:111122223333:execution:reports_reconcile/*"
    }
    error_message = "The state machine may do exactly this, besides writing logs: ${output.policy_json}"
  }
  assert {
    condition = [
      for role in [aws_iam_role.machine, aws_iam_role.rule] : [
        role.name, role.path, role.permissions_boundary, jsondecode(role.assume_role_policy).Statement[0].Principal.Service,
        jsondecode(role.assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"],
      ]
      ] == [
      ["reports_reconcile-map_eu-central-1", "/pipelines/", "arn:aws:iam::111122223333:policy/boundary", "states.amazonaws.com", "arn:aws:states:eu-central-1:111122223333:stateMachine:reports_reconcile"],
      ["reports_reconcile-rule_eu-central-1", "/pipelines/", "arn:aws:iam::111122223333:policy/boundary", "events.amazonaws.com", "arn:aws:events:eu-central-1:111122223333:rule/mock"],
    ]
    error_message = "Only this state machine and this rule may take the roles."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.rule.policy).Statement == [{ Sid = "Start", Effect = "Allow", Action = ["states:StartExecution"], Resource = ["arn:aws:states:eu-central-1:111122223333:stateMachine:reports_reconcile"] }]
    error_message = "The rule may start the state machine: ${aws_iam_role_policy.rule.policy}"
  }
  assert {
    condition     = aws_cloudwatch_event_rule.this.name == "reports_reconcile" && aws_cloudwatch_event_rule.this.schedule_expression == "rate(1 day)" && aws_cloudwatch_event_target.this.input == "{}" && aws_cloudwatch_event_target.this.dead_letter_config[0].arn == "arn:aws:sqs:eu-central-1:111122223333:reports_reconcile-failures"
    error_message = "Once a day, over the rows, and what cannot be started is kept."
  }
}

run "reconcile_out_of_range" {
  command = plan

  module {
    source = "./modules/reconcile"
  }

  variables {
    role_name         = "reports_reconcile-map_eu-central-1"
    rule_role_name    = "reports_reconcile-rule_eu-central-1"
    buckets           = { a = { name = "bucket-a", prefixes = [] } }
    dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_reconcile-failures" }
    expression        = "rate(1 days)"
    function          = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_reconcile" }
    kms_key           = { arn = "alias/aws/sqs" }
    ledger            = { arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/reports_ledger", name = "reports_ledger" }
    max_concurrency   = 10000
    name              = "a.b"
  }

  expect_failures = [var.buckets, var.expression, var.kms_key, var.max_concurrency, var.name]
}

run "reconcile_with_names_too_long" {
  command = plan

  module {
    source = "./modules/reconcile"
  }

  variables {
    name              = "reports_reconcile"
    role_name         = "a-role-of-an-organisation-that-has-long-names_reports_eu-central-1"
    rule_role_name    = "a-role-of-an-organisation-that-has-long-names_reports_eu-central-1"
    dead_letter_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:reports_reconcile-failures" }
    function          = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:reports_reconcile" }
    ledger            = { arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/reports_ledger", name = "reports_ledger" }
  }

  expect_failures = [var.role_name, var.rule_role_name]
}

# -----------------------------------------------------------------------------
# guard
# -----------------------------------------------------------------------------

run "guard" {
  command = plan

  module {
    source = "./modules/guard"
  }

  variables {
    names = { default = "reports_kept-until-protect-is-false_events_default" }
  }

  assert {
    condition     = [for s in jsondecode(aws_sns_topic.this["default"].policy).Statement : "${s.Effect} ${s.Principal} ${join(" ", s.Action)}"] == ["Deny * SNS:Publish SNS:Subscribe", "Deny * SNS:DeleteTopic"]
    error_message = "Nobody deletes the topic, and nobody uses it: ${aws_sns_topic.this["default"].policy}"
  }
}

run "guard_that_is_off" {
  command = plan

  module {
    source = "./modules/guard"
  }

  variables {
    names   = { default = "reports_kept-until-protect-is-false_events_default" }
    protect = false
  }

  assert {
    condition     = [for s in jsondecode(aws_sns_topic.this["default"].policy).Statement : s.Sid] == ["NoMessages"]
    error_message = "The topic can be deleted: ${aws_sns_topic.this["default"].policy}"
  }
}

run "guard_with_a_name_that_is_none" {
  command = plan

  module {
    source = "./modules/guard"
  }

  variables {
    names = { default = "set protect = false" }
  }

  expect_failures = [var.names]
}
