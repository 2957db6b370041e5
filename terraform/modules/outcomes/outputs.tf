output "dead_letter_queue_arn" {
  description = "ARN of the dead-letter queue, of the queue and of the rule's target."
  value       = aws_sqs_queue.dlq.arn
}

output "dead_letter_queue_name" {
  description = "Name of the dead-letter queue."
  value       = aws_sqs_queue.dlq.name
}

output "dead_letter_queue_url" {
  description = "URL of the dead-letter queue."
  value       = aws_sqs_queue.dlq.url
}

output "maximum_concurrency" {
  description = "Most instances of the function that settle at once."
  value       = var.maximum_concurrency
}

output "policy_json" {
  description = "The queue's policy, as it is."
  value       = local._policy.this
}

output "queue_arn" {
  description = "ARN of the queue; its policy is in force."
  value       = aws_sqs_queue.this.arn
}

output "queue_url" {
  description = "URL of the queue."
  value       = aws_sqs_queue.this.url
}

output "rule_arn" {
  description = "ARN of the rule; it may send to the queue."
  value       = aws_cloudwatch_event_rule.this.arn
  depends_on  = [aws_cloudwatch_event_target.this]
}
