# Values that follow from the input alone, for its own rules and for the composition.
locals {
  # The days for which CloudWatch Logs can keep lines.
  _log_days = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]

  _timezones = jsondecode(file("${path.module}/../../data/timezones.json"))

  _lanes = length(var.lanes) > 0 ? var.lanes : { default = { priority = 1, min_share = 0, max_concurrency = null } }
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

  # As far as the schedule says it; 1 for a cron.
  _minutes_between_ticks = (
    startswith(var.schedule.expression, "rate(")
    ? tonumber(try(regex("[0-9]+", var.schedule.expression), "1")) * (
      strcontains(var.schedule.expression, "hour") ? 60 :
      strcontains(var.schedule.expression, "day") ? 1440 : 1
    )
    : 1
  )

  _handlers = concat(
    ["dispatch", "settle"],
    local._ingest ? ["ingest"] : [],
    var.reconcile.enabled ? ["reconcile"] : [],
  )
}

locals {
  # The most that a tick can do, within the ledger's limits.
  _share = var.pace.account_share == null ? null : {
    starts_per_second = min(var.pace.slot_partitions == 16 ? 4000 : 400, var.pace.account_share.share * var.pace.account_share.quota_per_second)
    burst             = min(1000, max(1, floor(var.pace.account_share.share * var.pace.account_share.quota_burst)))
  }
  _pace = {
    max_concurrency   = var.pace.max_concurrency
    starts_per_second = coalesce(var.pace.starts_per_second, try(local._share.starts_per_second, null), 25)
    burst             = coalesce(var.pace.burst, try(local._share.burst, null), 50)
    starts_per_tick   = var.pace.starts_per_tick
    slot_partitions   = var.pace.slot_partitions
    adapt             = var.pace.adapt
  }
}

locals {
  # Objects that cannot be compared: in buckets that Step Functions does not list, and by
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

# S3's names for the kinds of uploads in EventBridge's events, and in its own
# notifications.
locals {
  _event_of_reason = {
    "CompleteMultipartUpload" = "s3:ObjectCreated:CompleteMultipartUpload"
    "CopyObject"              = "s3:ObjectCreated:Copy"
    "POST Object"             = "s3:ObjectCreated:Post"
    "PutObject"               = "s3:ObjectCreated:Put"
  }
  _reasons = keys(local._event_of_reason)
}

module "overlaps" {
  source = "../overlaps"

  filters = {
    for key, source in local._sources : key => merge(source, {
      events = source.reasons == null ? source.events : toset([
        for reason in source.reasons : lookup(local._event_of_reason, reason, reason)
      ])
    })
  }
}

# Between sources via "lambda", the function finds the lane by the key alone.
module "overlaps_for_ingest" {
  source = "../overlaps"

  filters = {
    for key, source in local._sources : key => merge(source, { events = ["s3:ObjectCreated:*"] })
    if source.via == "lambda"
  }
}

locals {
  _overlaps = distinct(concat(
    module.overlaps.pairs,
    [
      for pair in module.overlaps_for_ingest.pairs : pair
      if local._sources[pair.one].lane != local._sources[pair.other].lane
    ],
  ))
}
