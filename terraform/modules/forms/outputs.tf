output "arns" {
  description = "Regular expressions of ARNs, by the thing that they name."
  value       = local._arns
}

output "schedule" {
  description = "Regular expression of the schedules that an EventBridge rule takes."
  value       = local._schedule
}

output "schedule_remedy" {
  description = "The forms of a schedule in words, for the message of a refusal."
  value       = local._schedule_remedy
}
