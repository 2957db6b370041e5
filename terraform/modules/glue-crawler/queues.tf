# The policies are part of the queues' creation: see modules/queue.
locals {
  _queue_arns = {
    for queue, name in local._queue_names : queue => "${local._arn_of.sqs}:${name}"
  }

  _by_topic   = var.feed.topic != null
  _bucket_arn = "arn:${var.home.partition}:s3:::${var.target.bucket}"

  _from_bucket = {
    Sid       = "S3"
    Effect    = "Allow"
    Principal = { Service = "s3.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Condition = {
      ArnEquals = { "aws:SourceArn" = local._bucket_arn }
      # A bucket's ARN names no account.
      StringEquals = {
        "aws:SourceAccount" = coalesce(var.target.account_id, var.home.account_id)
      }
    }
  }
  _from_topic = {
    Sid       = "Sns"
    Effect    = "Allow"
    Principal = { Service = "sns.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Condition = { ArnEquals = { "aws:SourceArn" = try(var.feed.topic.arn, "") } }
  }
  _from_rule = {
    Sid       = "EventBridge"
    Effect    = "Allow"
    Principal = { Service = "events.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Condition = { ArnEquals = { "aws:SourceArn" = local._rule_arn } }
  }

  # One text each, for statements have different forms.
  _senders = {
    this   = [local._by_topic ? jsonencode(local._from_topic) : jsonencode(local._from_bucket)]
    dlq    = [for statement in local._by_topic ? [local._from_topic] : [] : jsonencode(statement)]
    failed = [jsonencode(local._from_rule)]
  }

  _queue_policies = {
    for queue, arn in local._queue_arns : queue => jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        [for text in local._senders[queue] : merge(jsondecode(text), { Resource = arn })],
        [
          {
            Sid       = "TlsOnly"
            Effect    = "Deny"
            Principal = "*"
            Action    = "sqs:*"
            Resource  = arn
            Condition = { Bool = { "aws:SecureTransport" = "false" } }
          },
        ],
        [
          # Not sqs:PurgeQueue, as elsewhere: Glue asks for it.
          for sid in var.protect ? ["Protected"] : [] : {
            Sid       = sid
            Effect    = "Deny"
            Principal = "*"
            Action    = ["sqs:DeleteQueue"]
            Resource  = arn
          }
        ],
      )
    })
  }
}

# The crawler's alone: it deletes the messages that it has read, and may purge the rest.
resource "aws_sqs_queue" "this" {
  name                      = local._queue_names.this
  kms_master_key_id         = var.kms_key == null ? null : var.kms_key.arn
  message_retention_seconds = 1209600
  policy                    = local._queue_policies.this
  receive_wait_time_seconds = 20
  sqs_managed_sse_enabled   = var.kms_key == null ? true : null
  tags                      = var.tags

  # A crawl reads up to 100,000 messages before it is done with the first.
  visibility_timeout_seconds = 3600

  # SQS wants the dead-letter queue to exist.
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dlq.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "dlq" {
  name                       = local._queue_names.dlq
  kms_master_key_id          = var.kms_key == null ? null : var.kms_key.arn
  message_retention_seconds  = 1209600
  policy                     = local._queue_policies.dlq
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = var.kms_key == null ? true : null
  tags                       = var.tags
  visibility_timeout_seconds = 60

  # The queue need not exist yet.
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local._queue_arns.this]
  })
}

resource "aws_sns_topic_subscription" "this" {
  count = local._by_topic ? 1 : 0

  topic_arn = var.feed.topic.arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.this.arn
  # As S3 itself sends it: crawlers are known to read that form.
  raw_message_delivery = true

  # S3 gives its notifications no message attributes: only the body can be
  # filtered, and keys are URL-encoded there.
  filter_policy = var.target.prefix == "" ? null : jsonencode({
    Records = { s3 = { object = { key = [{ prefix = local._written_prefix }] } } }
  })
  filter_policy_scope = var.target.prefix == "" ? null : "MessageBody"

  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dlq.arn })
}

# As S3 writes keys into notifications: as in a web form, but for the slash.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
locals {
  _written_prefix = replace(replace(urlencode(var.target.prefix), "%2F", "/"), "~", "%7E")
}
