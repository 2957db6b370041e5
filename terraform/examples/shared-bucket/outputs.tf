output "images_queue_url" {
  description = "URL of the other team's queue."
  value       = aws_sqs_queue.images.url
}

output "partner_bucket" {
  description = "Name of the partner's bucket; it takes reports under reports/."
  value       = aws_s3_bucket.partner.id
}

output "shared_bucket" {
  description = "Name of the shared bucket; it takes reports under status/ and archive/, and images under images/."
  value       = aws_s3_bucket.shared.id
}

output "spillway" {
  description = "All outputs of the module."
  value       = module.spillway
}

output "status_table" {
  description = "Name of the table with the latest status of each device."
  value       = aws_dynamodb_table.status.name
}
