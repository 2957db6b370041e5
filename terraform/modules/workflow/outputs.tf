output "execution_arn_pattern" {
  description = "The ARNs of its executions, as a pattern for policies."
  value       = "${replace(aws_sfn_state_machine.this.arn, ":stateMachine:", ":execution:")}:*"
}

output "log_group_name" {
  description = "Name of the log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "policy_json" {
  description = "The role's inline policy, as it is."
  value       = local._policy
}

output "role_arn" {
  description = "ARN of the role."
  value       = aws_iam_role.this.arn
}

output "role_name" {
  description = "Name of the role."
  value       = aws_iam_role.this.name
}

output "state_machine_arn" {
  description = "ARN of the state machine; its role has its permissions."
  value       = aws_sfn_state_machine.this.arn
}

output "state_machine_name" {
  description = "Name of the state machine."
  value       = aws_sfn_state_machine.this.name
}
