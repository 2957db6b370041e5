output "apply_role_arn" {
  description = "For the repository's variable APPLY_ROLE_ARN."
  value       = module.roles.apply_role_arn
}

output "permissions_boundary" {
  description = "ARN of the boundary, for the variable permissions_boundary of the example deploy-pipeline."
  value       = aws_iam_policy.boundary.arn
}

output "plan_role_arn" {
  description = "For the repository's variable PLAN_ROLE_ARN."
  value       = module.roles.plan_role_arn
}
