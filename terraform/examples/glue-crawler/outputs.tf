output "bucket" {
  description = "Name of the bucket that takes the reports, under status/day=<day>/."
  value       = aws_s3_bucket.uploads.id
}

output "crawler" {
  description = "All outputs of the crawler's module."
  value       = module.crawler
}

output "spillway" {
  description = "All outputs of the module."
  value       = module.spillway
}

output "status_table" {
  description = "Name of the table with the latest status of each device."
  value       = aws_dynamodb_table.status.name
}
