# Crawlers have no metric of their own. EventBridge's event about one that
# failed is kept, with the reason, until somebody has looked.
resource "aws_cloudwatch_event_rule" "failed" {
  name        = local._rule_name
  description = "Crawls of ${var.name} that failed"
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.glue"]
    detail-type = ["Glue Crawler State Change"]
    detail = {
      crawlerName = [var.name]
      state       = ["Failed"]
    }
  })
}

resource "aws_cloudwatch_event_target" "failed" {
  rule      = aws_cloudwatch_event_rule.failed.name
  target_id = "queue"
  arn       = aws_sqs_queue.failed.arn
}

resource "aws_sqs_queue" "failed" {
  name                       = local._queue_names.failed
  kms_master_key_id          = var.kms_key == null ? null : var.kms_key.arn
  message_retention_seconds  = 1209600
  policy                     = local._queue_policies.failed
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = var.kms_key == null ? true : null
  tags                       = var.tags
  visibility_timeout_seconds = 60
}

locals {
  _alarms = var.alarms == null ? {} : {
    oldest-event = {
      what      = "The oldest event of crawler ${var.name} waits for more than ${var.alarms.oldest_event_seconds} s: crawls do not run, fail, or take in less than comes (100,000 messages each).\nFirst: aws glue list-crawls --crawler-name ${var.name}"
      metric    = "ApproximateAgeOfOldestMessage"
      queue     = aws_sqs_queue.this.name
      threshold = var.alarms.oldest_event_seconds
    }
    dead-letters = {
      what      = "Events that crawler ${var.name} could not read, or that the topic could not deliver, lie in ${aws_sqs_queue.dlq.name}.\nFirst: set crawl.recrawl = \"CRAWL_EVERYTHING\" for one crawl, then delete the messages."
      metric    = "ApproximateNumberOfMessagesVisible"
      queue     = aws_sqs_queue.dlq.name
      threshold = 0
    }
    failed-crawls = {
      what      = "Crawls of ${var.name} failed; ${aws_sqs_queue.failed.name} has the reasons.\nFirst: read its messages, fix the cause, then delete them."
      metric    = "ApproximateNumberOfMessagesVisible"
      queue     = aws_sqs_queue.failed.name
      threshold = 0
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local._alarms

  alarm_name          = local._alarm_names[each.key]
  alarm_description   = each.value.what
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = each.value.metric
  namespace           = "AWS/SQS"
  period              = 300
  statistic           = "Maximum"
  tags                = var.tags
  threshold           = each.value.threshold
  # SQS sends no metrics of a queue that has been idle for hours.
  treat_missing_data = "notBreaching"

  alarm_actions = var.alarms.actions
  ok_actions    = var.alarms.actions
  dimensions    = { QueueName = each.value.queue }
}
