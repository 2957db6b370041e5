output "apply_role_arn" {
  description = "ARN of the role that applies, for the workflow that runs in the environment."
  value       = aws_iam_role.this["apply"].arn
}

output "plan_role_arn" {
  description = "ARN of the role that plans and looks for drift."
  value       = aws_iam_role.this["plan"].arn
}

output "read_policy_json" {
  description = "The permissions of both roles."
  value       = local._read
}

output "write_policy_json" {
  description = "The further permissions of the role that applies."
  value       = local._write
}
