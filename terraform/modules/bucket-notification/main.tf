locals {
  # Every pair of entries that share an event type and whose prefixes and
  # suffixes can both match one key. S3 refuses them, at apply and without a
  # name. It compares what it was given: suffix D ends %3D, which is suffix =.
  _entries = {
    for id, entry in merge(
      { for id, queue in var.queues : id => { prefix = queue.prefix, suffix = queue.suffix, events = queue.events } },
      { for id, function in var.functions : id => { prefix = function.prefix, suffix = function.suffix, events = function.events } },
    ) :
    id => merge(entry, { prefix = local._written[entry.prefix], suffix = local._written[entry.suffix] })
  }
  _ids = sort(keys(local._entries))
  _overlaps = flatten([
    for i, a in local._ids : [
      for b in slice(local._ids, i + 1, length(local._ids)) : "${a} and ${b}"
      if alltrue([
        (
          startswith(local._entries[a].prefix, local._entries[b].prefix)
          || startswith(local._entries[b].prefix, local._entries[a].prefix)
        ),
        (
          endswith(local._entries[a].suffix, local._entries[b].suffix)
          || endswith(local._entries[b].suffix, local._entries[a].suffix)
        ),
        anytrue([
          for pair in setproduct(local._entries[a].events, local._entries[b].events) :
          startswith(pair[0], trimsuffix(pair[1], "*"))
          || startswith(pair[1], trimsuffix(pair[0], "*"))
        ]),
      ])
    ]
  ])
}

# S3 compares the filters with keys as it writes them into notifications: as in a
# web form, a space as + and ~ as %7E, but for the slash. The inputs are as the
# keys have them, and * is refused.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
# https://github.com/aws/aws-cdk/pull/28012 and https://github.com/minio/minio/pull/7360
locals {
  _written = {
    for end in distinct(flatten([
      for entry in concat(values(var.queues), values(var.functions)) :
      [entry.prefix, entry.suffix]
    ])) : end => replace(replace(urlencode(end), "%2F", "/"), "~", "%7E")
  }
  _filters = { for end, written in local._written : end => end == "" ? null : written }
}

resource "aws_s3_bucket_notification" "this" {
  bucket      = var.bucket
  eventbridge = var.eventbridge

  dynamic "queue" {
    for_each = var.queues

    content {
      id            = queue.key
      queue_arn     = queue.value.queue.arn
      events        = queue.value.events
      filter_prefix = local._filters[queue.value.prefix]
      filter_suffix = local._filters[queue.value.suffix]
    }
  }

  dynamic "lambda_function" {
    for_each = var.functions

    content {
      id                  = lambda_function.key
      lambda_function_arn = lambda_function.value.function.arn
      events              = lambda_function.value.events
      filter_prefix       = local._filters[lambda_function.value.prefix]
      filter_suffix       = local._filters[lambda_function.value.suffix]
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
