# The policies are part of the queues' creation: no moment without one. The
# price is that the ARNs must be known beforehand, from `home`.
locals {
  _rule_arn = join(":", [
    "arn", var.home.partition, "events", var.home.region, var.home.account_id,
    "rule/${var.name}",
  ])

  _names = {
    this = var.name
    dlq  = var.dead_letter_name
  }
  _arns = {
    for queue, name in local._names : queue => join(":", [
      "arn", var.home.partition, "sqs", var.home.region, var.home.account_id, name,
    ])
  }

  _policy = {
    for queue, arn in local._arns : queue => jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "EventBridge"
          Effect    = "Allow"
          Principal = { Service = "events.amazonaws.com" }
          Action    = "sqs:SendMessage"
          Resource  = arn
          # The rule's ARN has the account in it.
          Condition = { ArnEquals = { "aws:SourceArn" = local._rule_arn } }
        },
        {
          Sid       = "TlsOnly"
          Effect    = "Deny"
          Principal = "*"
          Action    = "sqs:*"
          Resource  = arn
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ]
    })
  }
}

# Local to the provider, no API call.
data "aws_region" "this" {}

resource "aws_cloudwatch_event_rule" "this" {
  name        = var.name
  description = "Spillway: executions that ended, for queue ${var.name}"
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.states"]
    detail-type = ["Step Functions Execution Status Change"]
    detail = {
      stateMachineArn = [var.state_machine.arn]
      status          = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
    }
  })

  # A rule sees the events of its own Region and account only: no execution
  # would ever end for it.
  lifecycle {
    precondition {
      condition     = split(":", var.state_machine.arn)[3] == split(".", data.aws_region.this.endpoint)[1]
      error_message = "The state machine ${var.state_machine.arn} is in ${split(":", var.state_machine.arn)[3]}, and the pipeline in ${split(".", data.aws_region.this.endpoint)[1]}: EventBridge would never tell how its executions ended. Put the pipeline into the state machine's Region, by the provider."
    }
    precondition {
      condition     = split(":", var.state_machine.arn)[4] == var.home.account_id
      error_message = "The state machine ${var.state_machine.arn} is of account ${split(":", var.state_machine.arn)[4]}, and the pipeline of ${var.home.account_id}: EventBridge would never tell how its executions ended. Put the pipeline into the state machine's account."
    }
  }
}

resource "aws_cloudwatch_event_target" "this" {
  rule      = aws_cloudwatch_event_rule.this.name
  target_id = "outcomes"
  arn       = aws_sqs_queue.this.arn

  dead_letter_config {
    arn = aws_sqs_queue.dlq.arn
  }
}

# No denial of deletion here: an outcome that is lost is found by the sweep.
resource "aws_sqs_queue" "this" {
  name                       = local._names.this
  kms_master_key_id          = var.kms_key == null ? null : var.kms_key.arn
  message_retention_seconds  = 1209600
  policy                     = local._policy.this
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = var.kms_key == null ? true : null
  tags                       = var.tags
  visibility_timeout_seconds = 6 * var.function_timeout_seconds

  # SQS wants the dead-letter queue to exist.
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dlq.arn
    maxReceiveCount     = var.max_receive_count
  })
}

resource "aws_sqs_queue" "dlq" {
  name                       = local._names.dlq
  kms_master_key_id          = var.kms_key == null ? null : var.kms_key.arn
  message_retention_seconds  = 1209600
  policy                     = local._policy.dlq
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = var.kms_key == null ? true : null
  tags                       = var.tags
  visibility_timeout_seconds = 60

  # The queue need not exist yet.
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local._arns.this]
  })
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn        = aws_sqs_queue.this.arn
  function_name           = var.function.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  # Without a bound a slow ledger lets it use up the account's concurrency, and
  # the ticks of dispatch find none.
  scaling_config {
    maximum_concurrency = var.maximum_concurrency
  }
}
