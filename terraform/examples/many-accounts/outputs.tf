output "buckets" {
  description = "By pipeline, the bucket that takes its uploads."
  value       = { for name, bucket in aws_s3_bucket.uploads : name => bucket.id }
}

output "pipelines" {
  description = "By name, all outputs of each module."
  value       = module.spillway
}

output "shares" {
  description = "The share of the account's StartExecution quota that all its pipelines take."
  value       = local.shares

  precondition {
    condition     = local.shares <= 1
    error_message = "The pipelines of ${var.account} take ${local.shares} of the account's quota of StartExecution, which is more than all of it. Make their shares in accounts.yaml smaller, until they add up to 1 at most."
  }
}
