output "log_group_name" {
  description = "Name of the state machine's log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "policy_json" {
  description = "The inline policy of the state machine's role, as it is."
  value       = local._machine_policy
}

output "role_arn" {
  description = "ARN of the state machine's role."
  value       = aws_iam_role.machine.arn
}

output "role_name" {
  description = "Name of the state machine's role."
  value       = aws_iam_role.machine.name
}

output "rule_arn" {
  description = "ARN of the rule; it may start the state machine."
  value       = aws_cloudwatch_event_rule.this.arn
  depends_on  = [aws_cloudwatch_event_target.this]
}

output "rule_name" {
  description = "Name of the rule."
  value       = aws_cloudwatch_event_rule.this.name
}

output "rule_role_name" {
  description = "Name of the rule's role."
  value       = aws_iam_role.rule.name
}

output "state_machine_arn" {
  description = "ARN of the state machine; its role has its permissions."
  value       = aws_sfn_state_machine.this.arn
}

output "target_input" {
  description = "The input with which the rule starts a run, as JSON."
  value       = aws_cloudwatch_event_target.this.input
}
