output "alarm_arns" {
  description = "By the heading of its page in the runbook, each alarm's ARN. For functions and lanes, _ and the name follow."
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.arn }
}

output "alarm_names" {
  description = "The same, with their names."
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.alarm_name }
}

output "metrics" {
  description = "Metrics that the alarms read. CloudWatch charges for each; for the composite alarm it charges as for five."
  value       = local._metrics
}

output "thresholds" {
  description = "The same as alarm_names, with the values compared."
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.threshold }
}

output "unhealthy_arn" {
  description = "ARN of the composite alarm; null without one."
  value       = one(aws_cloudwatch_composite_alarm.unhealthy[*].arn)
}
