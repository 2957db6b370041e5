output "event_pattern" {
  description = "The rule's pattern, as it is."
  value       = local._event_pattern
}

output "rule_arn" {
  description = "ARN of the rule; it may send to the queue."
  value       = aws_cloudwatch_event_rule.this.arn
  depends_on  = [aws_cloudwatch_event_target.this]
}

output "rule_name" {
  description = "Name of the rule."
  value       = aws_cloudwatch_event_rule.this.name
}
