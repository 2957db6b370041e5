output "bucket_notifications" {
  description = "Per bucket key, the bucket's name and its queue entries: the input of modules/bucket-notification."
  value = {
    for key, bucket in var.buckets : key => {
      bucket = bucket.name
      queues = {
        # No queue has a dot in its name.
        for source, filter in bucket.sources : join(".", [var.name, source]) => {
          queue  = { arn = aws_sqs_queue.this.arn }
          events = filter.events
          prefix = filter.prefix
          suffix = filter.suffix
        }
      }
    }
  }

  precondition {
    condition     = length(module.overlaps.texts) == 0
    error_message = <<-EOT
      These sources of one bucket overlap: ${join("; ", module.overlaps.texts)}.
      S3 delivers an event once and refuses such a configuration: give them prefixes or suffixes that cannot match the same key, or different event types.
    EOT
  }
}

output "dead_letter_queue_arn" {
  description = "ARN of the dead-letter queue."
  value       = aws_sqs_queue.dlq.arn
}

output "dead_letter_queue_name" {
  description = "Name of the dead-letter queue."
  value       = aws_sqs_queue.dlq.name
}

output "dead_letter_queue_url" {
  description = "URL of the dead-letter queue."
  value       = aws_sqs_queue.dlq.url
}

output "policy_json" {
  description = "The queue's policy, as it is."
  value       = local._policy
}

output "queue_arn" {
  description = "ARN of the queue; its policy is in force."
  value       = aws_sqs_queue.this.arn
}

output "queue_name" {
  description = "Name of the queue."
  value       = aws_sqs_queue.this.name
}

output "queue_url" {
  description = "URL of the queue."
  value       = aws_sqs_queue.this.url
}

output "visibility_timeout_seconds" {
  description = "How long a received message stays hidden."
  value       = local._visibility_timeout_seconds
}
