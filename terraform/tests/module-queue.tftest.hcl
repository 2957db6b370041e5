# modules/queue on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  dead_letter_name = "reports-dlq"
  home             = { partition = "aws", region = "eu-central-1", account_id = "111122223333" }
  name             = "reports"
}

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
