output "pipelines" {
  description = "All outputs of each module."
  value = merge(
    {
      adapting  = module.adapting
      existing  = module.existing
      lanes     = module.lanes
      reconcile = module.reconcile
      waiting   = module.waiting
    },
    module.moved,
  )
}

output "buckets" {
  description = "The bucket of each pipeline; it has subscribed to no topics."
  value       = { for name, bucket in aws_s3_bucket.uploads : name => { uploads = bucket.id, topics = null } }
}

output "plain_bucket" {
  description = "The other bucket of the pipeline reconcile: it keeps no versions."
  value       = aws_s3_bucket.plain.id
}

output "target_table" {
  description = "The table that the executions of adapting read: its item tells them how to end."
  value       = aws_dynamodb_table.target.name
}

output "key_arn" {
  description = "ARN of the key of the pipeline existing."
  value       = aws_kms_key.own.arn
}

output "crawler" {
  description = "Queue and bucket of the crawler."
  value       = { queue_url = module.crawler.queue_url, bucket = aws_s3_bucket.crawled.id }
}
