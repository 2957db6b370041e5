output "pipelines" {
  description = "What each module says about itself."
  value       = merge(module.cells, { existing = module.existing, lanes = module.lanes, reconcile = module.reconcile })
}

output "buckets" {
  description = "The bucket of each pipeline, and the one whose topics it has subscribed to."
  value = {
    for name, bucket in aws_s3_bucket.uploads :
    name => { uploads = bucket.id, topics = try(aws_s3_bucket.notifying[name].id, null) }
  }
}

output "plain_bucket" {
  description = "The other bucket of the pipeline reconcile: it keeps no versions."
  value       = aws_s3_bucket.plain.id
}

output "key_arn" {
  description = "ARN of the key of the pipeline existing."
  value       = aws_kms_key.own.arn
}

output "crawler" {
  description = "Queue and bucket of the crawler."
  value       = { queue_url = module.crawler.queue_url, bucket = aws_s3_bucket.crawled.id }
}
