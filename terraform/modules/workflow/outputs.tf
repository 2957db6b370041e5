output "execution_arn_pattern" {
  description = "The ARNs of its executions, as a pattern for policies."
  value       = "${replace(aws_sfn_state_machine.this.arn, ":stateMachine:", ":execution:")}:*"
}

output "kms_key_policy_statements" {
  description = "The uses that the policy of the key must allow, so that the log group can be encrypted with it: statements, ready for jsonencode."
  value       = local._key_policy_statements
}

output "log_group_name" {
  description = "Name of the log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "longest_seconds" {
  description = "The longest that an execution can take, in seconds: the TimeoutSeconds of the definition as it is made. Null: it has none."
  value       = try(tonumber(jsondecode(local._definition).TimeoutSeconds), null)
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

output "start_arn" {
  description = "The ARN that starts executions: the alias's, or the state machine's if there is no alias. Permission to start is asked for the state machine's ARN in either case."
  value       = var.alias == null ? aws_sfn_state_machine.this.arn : aws_sfn_alias.this[0].arn
}

output "state_machine_arn" {
  description = "ARN of the state machine, without version or alias; its role has its permissions."
  value       = aws_sfn_state_machine.this.arn
}

output "state_machine_name" {
  description = "Name of the state machine."
  value       = aws_sfn_state_machine.this.name
}

output "version_arn" {
  description = "ARN of the newest published version; null without an alias."
  value       = var.alias == null ? null : aws_sfn_state_machine.this.state_machine_version_arn
}
