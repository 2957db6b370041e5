locals {
  # Every pair of entries that share an event type and whose prefixes and
  # suffixes can both match one key. S3 refuses them, at apply and without a
  # name.
  _ids = sort(keys(var.queues))
  _overlaps = flatten([
    for i, a in local._ids : [
      for b in slice(local._ids, i + 1, length(local._ids)) : "${a} and ${b}"
      if alltrue([
        (
          startswith(var.queues[a].prefix, var.queues[b].prefix)
          || startswith(var.queues[b].prefix, var.queues[a].prefix)
        ),
        (
          endswith(var.queues[a].suffix, var.queues[b].suffix)
          || endswith(var.queues[b].suffix, var.queues[a].suffix)
        ),
        anytrue([
          for pair in setproduct(var.queues[a].events, var.queues[b].events) :
          startswith(pair[0], trimsuffix(pair[1], "*"))
          || startswith(pair[1], trimsuffix(pair[0], "*"))
        ]),
      ])
    ]
  ])
}

resource "aws_s3_bucket_notification" "this" {
  bucket = var.bucket

  dynamic "queue" {
    for_each = var.queues

    content {
      id            = queue.key
      queue_arn     = queue.value.queue.arn
      events        = queue.value.events
      filter_prefix = queue.value.prefix == "" ? null : queue.value.prefix
      filter_suffix = queue.value.suffix == "" ? null : queue.value.suffix
    }
  }

  lifecycle {
    precondition {
      condition     = length(local._overlaps) == 0
      error_message = <<-EOT
        These notification entries of one bucket overlap: ${join("; ", local._overlaps)}.
        S3 delivers an event to one of them only and refuses such a configuration: give them prefixes or suffixes that cannot match the same key, or different event types.
      EOT
    }
  }
}
