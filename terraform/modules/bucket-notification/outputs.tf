output "bucket" {
  description = "Name of the bucket; its notifications are in force."
  value       = aws_s3_bucket_notification.this.bucket
}
