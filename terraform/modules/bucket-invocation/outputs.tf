output "function_arn" {
  description = "ARN of the function; the bucket may invoke it."
  value       = var.function.arn
  depends_on  = [aws_lambda_permission.this]
}
