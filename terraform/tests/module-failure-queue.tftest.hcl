# modules/failure-queue on its own: its resources, and its refusals.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  home = { partition = "aws", region = "eu-central-1", account_id = "111122223333" }
  name = "reports"
}

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
    name    = "reports.fifo"
    kms_key = { arn = "alias/aws/sqs" }
  }

  expect_failures = [var.kms_key, var.name]
}
