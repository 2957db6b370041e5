output "bucket" {
  description = "Name of the bucket that takes the reports, under status/."
  value       = aws_s3_bucket.uploads.id
}

output "job_name" {
  description = "Name of the Glue job."
  value       = aws_glue_job.compact.name
}

output "spillway" {
  description = "All outputs of the module."
  value       = module.spillway
}

output "work_bucket" {
  description = "Name of the bucket with the table, under reports/, and with each run's manifest and result."
  value       = aws_s3_bucket.work.id
}
