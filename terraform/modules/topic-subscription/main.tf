resource "aws_sns_topic_subscription" "this" {
  topic_arn            = var.topic.arn
  protocol             = "sqs"
  endpoint             = var.queue.arn
  raw_message_delivery = var.raw_delivery

  filter_policy = var.filter_policy
  # S3 gives its notifications no message attributes: only the body can be
  # filtered.
  filter_policy_scope = var.filter_policy == null ? null : "MessageBody"

  redrive_policy = jsonencode({
    deadLetterTargetArn = var.dead_letter_queue.arn
  })
}
