# The policies are part of the queues' creation and not resources of their own:
# a destroy would take such a resource away first, and with it the denial of
# sqs:DeleteQueue. The price is that the ARNs must be known beforehand, from
# `home`.
locals {
  _arn_prefix = join(":", [
    "arn", var.home.partition, "sqs", var.home.region, var.home.account_id,
  ])
  _arn     = "${local._arn_prefix}:${var.name}"
  _dlq_arn = "${local._arn_prefix}:${var.name}-dlq"

  _visibility_timeout_seconds = coalesce(
    var.visibility_timeout_seconds, var.consumer_timeout_seconds + 15
  )

  # One statement per account, not per bucket: a policy may have 20 statements
  # and 8,192 bytes.
  _bucket_accounts = {
    for key, bucket in var.buckets :
    (bucket.account_id == null ? "Home" : bucket.account_id) => bucket.name...
  }

  _source_statements = [
    for account, names in local._bucket_accounts : {
      Sid       = "S3Of${account}"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = local._arn
      Condition = {
        ArnEquals = {
          "aws:SourceArn" = [
            for name in sort(distinct(names)) :
            "arn:${var.home.partition}:s3:::${name}"
          ]
        }
        StringEquals = {
          "aws:SourceAccount" = (
            account == "Home" ? var.home.account_id : account
          )
        }
      }
    }
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
      local._source_statements,
      local._extra_statements,
      local._guard_statements.this,
    )
  })
  _policy_statements = (
    length(local._bucket_accounts)
    + length(local._extra_statements)
    + length(local._guard_statements.this)
  )

  _dlq_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local._guard_statements.dlq
  })
}

# Every pair of sources of one bucket that share an event type and whose
# prefixes and suffixes can both match one key. S3 refuses them, at apply and
# without a name.
locals {
  _overlaps = flatten([
    for key, bucket in var.buckets : [
      for i, a in sort(keys(bucket.sources)) : [
        for b in slice(
          sort(keys(bucket.sources)), i + 1, length(bucket.sources)
        ) : "${key}.${a} and ${key}.${b}"
        if alltrue([
          (
            startswith(bucket.sources[a].prefix, bucket.sources[b].prefix)
            || startswith(bucket.sources[b].prefix, bucket.sources[a].prefix)
          ),
          (
            endswith(bucket.sources[a].suffix, bucket.sources[b].suffix)
            || endswith(bucket.sources[b].suffix, bucket.sources[a].suffix)
          ),
          anytrue([
            for pair in setproduct(
              bucket.sources[a].events, bucket.sources[b].events
            ) :
            startswith(pair[0], trimsuffix(pair[1], "*"))
            || startswith(pair[1], trimsuffix(pair[0], "*"))
          ]),
        ])
      ]
    ]
  ])
}

resource "aws_sqs_queue" "this" {
  name                       = var.name
  message_retention_seconds  = var.retention_seconds
  policy                     = local._policy
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = true
  tags                       = var.tags
  visibility_timeout_seconds = local._visibility_timeout_seconds

  lifecycle {
    precondition {
      condition     = length(local._policy) <= 8192
      error_message = <<-EOT
        The policy of queue ${var.name} would have ${length(local._policy)} bytes; SQS allows 8,192.
        It names ${length(var.buckets)} buckets and ${length(var.extra_policy_statements)} extra statements: spread the buckets over several pipelines.
      EOT
    }
    precondition {
      condition     = local._policy_statements <= 20
      error_message = <<-EOT
        The policy of queue ${var.name} would have ${local._policy_statements} statements; SQS allows 20.
        Every account that owns buckets takes one: spread the accounts over several pipelines.
      EOT
    }
  }
}

resource "aws_sqs_queue" "dlq" {
  name                      = "${var.name}-dlq"
  message_retention_seconds = var.dead_letter_retention_seconds
  policy                    = local._dlq_policy
  receive_wait_time_seconds = 20
  sqs_managed_sse_enabled   = true
  tags                      = var.tags

  # What lies here is looked at or redriven in batches, never worked on for
  # long.
  visibility_timeout_seconds = 60
}

# Resources of their own, so that the two queues are created side by side.
resource "aws_sqs_queue_redrive_policy" "this" {
  queue_url = aws_sqs_queue.this.url
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dlq.arn
    maxReceiveCount     = var.max_receive_count
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "dlq" {
  queue_url = aws_sqs_queue.dlq.url
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this.arn]
  })
}
