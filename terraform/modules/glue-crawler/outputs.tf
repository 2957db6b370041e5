output "alarm_names" {
  description = "Names of the alarms, by the thing that they watch."
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.alarm_name }
}

output "bucket_notification" {
  description = "The part of the bucket's notification configuration: an entry of queues of modules/bucket-notification; empty if a topic feeds the queue."
  value = local._by_topic ? {} : {
    (var.name) = {
      queue  = { arn = aws_sqs_queue.this.arn }
      events = var.feed.events
      prefix = var.target.prefix
      suffix = ""
    }
  }
}

output "crawler_arn" {
  description = "ARN of the crawler."
  value       = aws_glue_crawler.this.arn
}

output "crawler_name" {
  description = "Name of the crawler; aws glue start-crawler takes it."
  value       = aws_glue_crawler.this.name
}

output "database_name" {
  description = "Database of the catalogue with the tables."
  value       = local._database_name
}

output "dead_letter_queue_arn" {
  description = "ARN of the dead-letter queue."
  value       = aws_sqs_queue.dlq.arn
}

output "dead_letter_queue_url" {
  description = "URL of the dead-letter queue."
  value       = aws_sqs_queue.dlq.url
}

output "failed_crawls_queue_url" {
  description = "URL of the queue with EventBridge's events about failed crawls."
  value       = aws_sqs_queue.failed.url
}

output "kms_key_policy_statements" {
  description = "The uses that the policy of kms_key must allow: statements, ready for jsonencode()."
  value       = local._key_policy_statements
}

output "policy_json" {
  description = "The role's inline policy, as it is."
  value       = local._policy
}

output "queue_arn" {
  description = "ARN of the crawler's queue; its policy is in force."
  value       = aws_sqs_queue.this.arn
}

output "queue_policy_json" {
  description = "The policy of the crawler's queue, as it is."
  value       = local._queue_policies.this
}

output "queue_url" {
  description = "URL of the crawler's queue."
  value       = aws_sqs_queue.this.url
}

output "role_arn" {
  description = "ARN of the crawler's role; a bucket of another account must allow it."
  value       = aws_iam_role.this.arn
}

output "role_name" {
  description = "Name of the crawler's role, for policies of your own."
  value       = aws_iam_role.this.name
}
