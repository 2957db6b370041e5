output "bucket" {
  description = "Name of the bucket that takes the reports, under status/."
  value       = aws_s3_bucket.uploads.id
}

output "devices_table" {
  description = "Name of the registry."
  value       = aws_dynamodb_table.devices.name
}

output "spillway" {
  description = "All outputs of the module."
  value       = module.spillway
}

output "status_table" {
  description = "Name of the table with the latest status of each device."
  value       = aws_dynamodb_table.status.name
}
