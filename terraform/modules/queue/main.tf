# The policies are part of the queues' creation and not resources of their own. A destroy would
# delete such a resource first, and with it the denial of sqs:DeleteQueue. The price is that the
# ARNs must be known beforehand, from `home`.
locals {
  _arn_prefix = join(":", [
    "arn", var.home.partition, "sqs", var.home.region, var.home.account_id,
  ])
  # SQS wants the kind of the queue in its name.
  _ending   = var.fifo ? ".fifo" : ""
  _name     = "${var.name}${local._ending}"
  _dlq_name = "${var.dead_letter_name}${local._ending}"
  _arn      = "${local._arn_prefix}:${local._name}"
  _dlq_arn  = "${local._arn_prefix}:${local._dlq_name}"

  _visibility_timeout_seconds = coalesce(
    var.visibility_timeout_seconds, var.consumer_timeout_seconds + 15
  )
}

# A policy can have 20 statements, 10 conditions and 8,192 bytes: one statement
# per kind of sender, not per bucket or account.
locals {
  _away = (
    var.trusted_organization_id == null
    ? {}
    : { for key, bucket in var.buckets : key => bucket if bucket.account_id != null }
  )
  _bucket_arns = {
    for key, bucket in var.buckets :
    key => "arn:${var.home.partition}:s3:::${bucket.name}"
  }
  _named_arns = [
    for key, arn in local._bucket_arns : arn if !contains(keys(local._away), key)
  ]
  _accounts = distinct([
    for key, bucket in var.buckets :
    bucket.account_id == null ? var.home.account_id : bucket.account_id
    if !contains(keys(local._away), key)
  ])

  _sender_statements = [
    for statement in [
      {
        sid     = "S3"
        service = "s3.amazonaws.com"
        sources = local._named_arns
        # A bucket's ARN names no account, and its name can be someone else's
        # once the bucket is deleted.
        owner = { "aws:SourceAccount" = local._accounts }
      },
      {
        sid     = "S3OfOrganization"
        service = "s3.amazonaws.com"
        sources = [for key in keys(local._away) : local._bucket_arns[key]]
        owner   = { "aws:SourceOrgID" = [var.trusted_organization_id] }
      },
      # The ARNs of rules and topics have the account in them.
      {
        sid     = "EventBridge"
        service = "events.amazonaws.com"
        sources = [for rule in var.rules : rule.arn]
        owner   = null
      },
      {
        sid     = "Sns"
        service = "sns.amazonaws.com"
        sources = [for topic in var.topics : topic.arn]
        owner   = null
      },
      ] : {
      Sid       = statement.sid
      Effect    = "Allow"
      Principal = { Service = statement.service }
      Action    = "sqs:SendMessage"
      Resource  = local._arn
      Condition = merge(
        { ArnEquals = { "aws:SourceArn" = sort(distinct(statement.sources)) } },
        statement.owner == null ? {} : {
          StringEquals = { for name, values in statement.owner : name => sort(values) }
        },
      )
    } if length(statement.sources) > 0
  ]

  _guard_statements = {
    for queue, arn in { this = local._arn, dlq = local._dlq_arn } :
    queue => concat(
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
        for sid in var.protect ? ["Protected"] : [] : {
          Sid       = sid
          Effect    = "Deny"
          Principal = "*"
          Action    = ["sqs:DeleteQueue", "sqs:PurgeQueue"]
          Resource  = arn
        }
      ],
    )
  }

  _extra_statements = [
    for statement in var.extra_policy_statements : {
      for key, value in {
        Sid       = statement.sid
        Effect    = statement.effect
        Principal = statement.principals
        Action    = statement.actions
        Resource  = local._arn
        Condition = statement.conditions
      } : key => value if value != null
    }
  ]

  _policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local._sender_statements,
      local._extra_statements,
      local._guard_statements.this,
    )
  })
  _policy_statements = (
    length(local._sender_statements)
    + length(local._extra_statements)
    + length(local._guard_statements.this)
  )
  _policy_conditions = sum(concat(
    # That of TlsOnly.
    [1],
    [for s in local._sender_statements : length(s.Condition)],
    flatten([
      for s in var.extra_policy_statements :
      [for keys in values(coalesce(s.conditions, {})) : length(keys)]
    ]),
  ))

  _dlq_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local._guard_statements.dlq
  })
}

# S3 refuses sources that overlap, at apply and without a name.
module "overlaps" {
  source = "../overlaps"

  filters = merge([
    for key, bucket in var.buckets : {
      for name, source in bucket.sources : "${key}.${name}" => {
        bucket = key
        events = source.events
        prefix = source.prefix
        suffix = source.suffix
      }
    }
  ]...)
}

resource "aws_sqs_queue" "this" {
  name                       = local._name
  kms_master_key_id          = var.kms_key == null ? null : var.kms_key.arn
  message_retention_seconds  = var.retention_seconds
  policy                     = local._policy
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = var.kms_key == null ? true : null
  tags                       = var.tags
  visibility_timeout_seconds = local._visibility_timeout_seconds

  # SQS wants the dead-letter queue to exist.
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dlq.arn
    maxReceiveCount     = var.max_receive_count
  })

  # High throughput: each message group has its own share.
  deduplication_scope   = var.fifo ? "messageGroup" : null
  fifo_queue            = var.fifo ? true : null
  fifo_throughput_limit = var.fifo ? "perMessageGroupId" : null

  lifecycle {
    precondition {
      condition     = length(local._policy) <= 8192
      error_message = <<-EOT
        The policy of queue ${var.name} would have ${length(local._policy)} bytes; SQS allows 8,192.
        It names ${length(var.buckets)} buckets, ${length(var.rules)} rules, ${length(var.topics)} topics and ${length(var.extra_policy_statements)} extra statements: spread them over several pipelines or lanes.
      EOT
    }
    precondition {
      condition     = local._policy_statements <= 20
      error_message = <<-EOT
        The policy of queue ${var.name} would have ${local._policy_statements} statements; SQS allows 20.
        ${length(local._extra_statements)} of them are extra_policy_statements: merge some.
      EOT
    }
    precondition {
      condition     = local._policy_conditions <= 10
      error_message = <<-EOT
        The policy of queue ${var.name} would have ${local._policy_conditions} conditions; SQS allows 10.
        Give the extra_policy_statements fewer conditions, or merge some statements.
      EOT
    }
  }
}

# The dead-letter queue of a FIFO queue must be FIFO as well.
resource "aws_sqs_queue" "dlq" {
  name                      = local._dlq_name
  kms_master_key_id         = var.kms_key == null ? null : var.kms_key.arn
  message_retention_seconds = var.dead_letter_retention_seconds
  policy                    = local._dlq_policy
  receive_wait_time_seconds = 20
  sqs_managed_sse_enabled   = var.kms_key == null ? true : null
  tags                      = var.tags

  deduplication_scope   = var.fifo ? "messageGroup" : null
  fifo_queue            = var.fifo ? true : null
  fifo_throughput_limit = var.fifo ? "perMessageGroupId" : null

  # The messages here are looked at or redriven in batches, never processed for
  # long.
  visibility_timeout_seconds = 60

  # The queue need not exist yet.
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local._arn]
  })
}
