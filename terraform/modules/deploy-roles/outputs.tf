output "apply_role_arn" {
  description = "ARN of the role that applies, for the workflow that runs in the environment."
  value       = aws_iam_role.this["apply"].arn
}

output "plan_role_arn" {
  description = "ARN of the role that plans and looks for drift."
  value       = aws_iam_role.this["plan"].arn
}

output "read_policy_json" {
  description = "What both roles may do."
  value       = local._read
}

output "write_policy_json" {
  description = "What the role that applies may do beyond that."
  value       = local._write
}
