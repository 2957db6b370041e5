# What follows from the input alone, for its own rules and for the composition.
locals {
  _timezones = jsondecode(file("${path.module}/../../data/timezones.json"))

  _lanes = length(var.lanes) > 0 ? var.lanes : { default = { priority = 1, min_share = 0 } }
  # By priority; numbers are sorted as texts of one length.
  _lane_order = [
    for text in sort([for lane, rank in local._lanes : format("%07d %s", rank.priority, lane)]) :
    split(" ", text)[1]
  ]
  _first_lane = local._lane_order[0]

  # Every source of every bucket.
  _sources = merge([
    for key, bucket in var.buckets : {
      for name, source in bucket.sources : "${key}.${name}" => merge(source, {
        bucket = key
        lane   = source.lane == null ? local._first_lane : source.lane
      })
    }
  ]...)
  _ingest = anytrue([for source in values(local._sources) : source.via == "lambda"])

  _handlers = concat(
    ["dispatch", "settle"],
    local._ingest ? ["ingest"] : [],
    var.reconcile.enabled ? ["reconcile"] : [],
  )
}

locals {
  # What cannot be compared: buckets that Step Functions does not list, and by
  # bucket the sources that a listing cannot tell apart.
  _away = [for key, bucket in var.buckets : key if bucket.account_id != null]
  _not_comparable = {
    for key, source in local._sources : source.bucket => key...
    if anytrue([
      source.reasons != null,
      source.min_size != null,
      source.max_size != null,
      join(",", source.events) != "s3:ObjectCreated:*",
    ])
  }
}

# What S3 calls the kinds of uploads, in its own notifications and in
# EventBridge's events.
locals {
  _reasons = ["CompleteMultipartUpload", "CopyObject", "POST Object", "PutObject"]
  _event_reasons = {
    "s3:ObjectCreated:*"                       = local._reasons
    "s3:ObjectCreated:CompleteMultipartUpload" = ["CompleteMultipartUpload"]
    "s3:ObjectCreated:Copy"                    = ["CopyObject"]
    "s3:ObjectCreated:Post"                    = ["POST Object"]
    "s3:ObjectCreated:Put"                     = ["PutObject"]
  }
}
