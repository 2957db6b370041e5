output "topic_arns" {
  description = "ARNs of the topics, by key."
  value       = { for key, topic in aws_sns_topic.this : key => topic.arn }
}
