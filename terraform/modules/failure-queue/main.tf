# The policy is part of the queue's creation: see modules/queue.
locals {
  _arn = join(":", [
    "arn", var.home.partition, "sqs", var.home.region, var.home.account_id,
    var.name,
  ])

  _policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        # The ARNs of rules and topics have the account in them.
        for sender in [
          { sid = "EventBridge", service = "events.amazonaws.com", arns = [for rule in var.rules : rule.arn] },
          { sid = "Sns", service = "sns.amazonaws.com", arns = [for topic in var.topics : topic.arn] },
          ] : {
          Sid       = sender.sid
          Effect    = "Allow"
          Principal = { Service = sender.service }
          Action    = "sqs:SendMessage"
          Resource  = local._arn
          Condition = { ArnEquals = { "aws:SourceArn" = sort(distinct(sender.arns)) } }
        } if length(sender.arns) > 0
      ],
      [
        {
          Sid       = "TlsOnly"
          Effect    = "Deny"
          Principal = "*"
          Action    = "sqs:*"
          Resource  = local._arn
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ],
      [
        for sid in var.protect ? ["Protected"] : [] : {
          Sid       = sid
          Effect    = "Deny"
          Principal = "*"
          Action    = ["sqs:DeleteQueue", "sqs:PurgeQueue"]
          Resource  = local._arn
        }
      ],
    )
  })
}

resource "aws_sqs_queue" "this" {
  name                      = var.name
  kms_master_key_id         = var.kms_key == null ? null : var.kms_key.arn
  message_retention_seconds = 1209600
  policy                    = local._policy
  receive_wait_time_seconds = 20
  sqs_managed_sse_enabled   = var.kms_key == null ? true : null
  tags                      = var.tags

  # The messages here are looked at or redriven in batches, never processed for
  # long.
  visibility_timeout_seconds = 60

  lifecycle {
    precondition {
      condition     = length(local._policy) <= 8192
      error_message = <<-EOT
        The policy of queue ${var.name} would have ${length(local._policy)} bytes; SQS allows 8,192.
        It names ${length(var.rules)} rules and ${length(var.topics)} topics: spread them over several pipelines or lanes.
      EOT
    }
  }
}
