output "arns" {
  description = "Regular expressions of ARNs, by what they name."
  value       = local._arns
}

output "schedule" {
  description = "Regular expression of what an EventBridge rule takes as a schedule."
  value       = local._schedule
}

output "schedule_remedy" {
  description = "What to write as a schedule, for the message of whoever refuses one."
  value       = local._schedule_remedy
}
