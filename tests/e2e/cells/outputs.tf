output "pipelines" {
  description = "All outputs of each module."
  value       = module.cells
}

output "buckets" {
  description = "The bucket of each pipeline, and the one whose topics it has subscribed to."
  value = {
    for name, bucket in aws_s3_bucket.uploads :
    name => { uploads = bucket.id, topics = try(aws_s3_bucket.notifying[name].id, null) }
  }
}
