output "policy_json" {
  description = "The queue's policy, as it is."
  value       = local._policy
}

output "queue_arn" {
  description = "ARN of the queue; its policy is in force."
  value       = aws_sqs_queue.this.arn
}

output "queue_name" {
  description = "Name of the queue."
  value       = aws_sqs_queue.this.name
}

output "queue_url" {
  description = "URL of the queue."
  value       = aws_sqs_queue.this.url
}
