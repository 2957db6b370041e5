output "architecture" {
  description = "arm64 or x86_64."
  value       = one(aws_lambda_function.this.architectures)
}

output "code_signing_config_arn" {
  description = "ARN of the code signing configuration; null without one."
  value       = aws_lambda_function.this.code_signing_config_arn
}

output "environment" {
  description = "The function's environment variables, as they are."
  value       = aws_lambda_function.this.environment[0].variables
}

output "function_arn" {
  description = "ARN of the function; its role has its permissions."
  value       = aws_lambda_function.this.arn
}

output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "log_group_arn" {
  description = "ARN of the log group; known early, it depends on nothing else."
  value       = aws_cloudwatch_log_group.this.arn
}

output "log_group_name" {
  description = "Name of the log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "policy_json" {
  description = "The role's inline policy, as it is."
  value       = local._policy
}

output "released_sha256" {
  description = "SHA-256 (base64) of the zip in the manifest."
  value       = local._build.sha256
}

output "role_arn" {
  description = "ARN of the role."
  value       = aws_iam_role.this.arn
}

output "role_name" {
  description = "Name of the role."
  value       = aws_iam_role.this.name
}

output "running_sha256" {
  description = "SHA-256 (base64) of the code that Lambda runs: differs from released_sha256 if someone else deployed."
  value       = aws_lambda_function.this.code_sha256
}

output "vpc" {
  description = "The network that the function runs in; null: Lambda's own."
  value = one([
    for network in aws_lambda_function.this.vpc_config : {
      security_group_ids = network.security_group_ids
      subnet_ids         = network.subnet_ids
    }
  ])
}
