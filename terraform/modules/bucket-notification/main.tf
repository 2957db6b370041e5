# Event types that S3 knows, as a regular expression.
locals {
  _event = "^s3:(${join("|", [
    "ObjectCreated:([*]|Put|Post|Copy|CompleteMultipartUpload)",
    "ObjectRemoved:([*]|Delete|DeleteMarkerCreated)",
    "ObjectRestore:([*]|Post|Completed|Delete)",
    "ReducedRedundancyLostObject",
    "Replication:([*]|OperationFailedReplication|OperationMissedThreshold|OperationReplicatedAfterThreshold|OperationNotTracked)",
    "LifecycleExpiration:([*]|Delete|DeleteMarkerCreated)",
    "LifecycleTransition",
    "IntelligentTiering",
    "ObjectTagging:([*]|Put|Delete)",
    "ObjectAcl:Put",
    "ObjectRetention:Put",
    "ObjectAnnotation:.+",
  ])})$"
}

# S3 refuses entries that overlap, at apply and without a name. It compares the text that
# it was given: suffix D ends %3D, which is suffix =.
module "overlaps" {
  source = "../overlaps"

  filters = {
    for id, entry in merge(
      { for id, queue in var.queues : id => { prefix = queue.prefix, suffix = queue.suffix, events = queue.events } },
      { for id, function in var.functions : id => { prefix = function.prefix, suffix = function.suffix, events = function.events } },
    ) :
    id => merge(entry, { prefix = local._written[entry.prefix], suffix = local._written[entry.suffix] })
  }
}

# S3 compares the filters with keys as it writes them into notifications. As in a web form a space
# is + and ~ is %7E, but the slash stays. The inputs are as the keys have them, and * is refused.
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
      condition     = length(module.overlaps.texts) == 0
      error_message = <<-EOT
        These notification entries of one bucket overlap: ${join("; ", module.overlaps.texts)}.
        S3 delivers an event to one of them only and refuses such a configuration. Give them prefixes or suffixes that cannot match the same key, or different event types.
      EOT
    }
  }
}
