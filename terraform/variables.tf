# -----------------------------------------------------------------------------
# Required
# -----------------------------------------------------------------------------

variable "buckets" {
  description = "Buckets whose uploads start executions, by a key of your choice."
  type = map(object({
    # Name of the bucket; it may be unknown at plan.
    name = string
    # Account that owns the bucket; null: this account.
    account_id = optional(string)
    # "owned": this module writes the bucket's one notification configuration,
    # and what it does not know of is removed. "external": someone else does,
    # with the output bucket_notifications.
    notification = optional(string, "owned")
    # What is taken in, by a key of your choice.
    sources = map(object({
      # What a key starts with; "": anything.
      prefix = optional(string, "")
      # What a key ends with; "": anything.
      suffix = optional(string, "")
      # How events come: "sqs", straight from S3 into the queue.
      via = optional(string, "sqs")
      # Object-created event types.
      events = optional(set(string), ["s3:ObjectCreated:*"])
    }))
  }))
  nullable = false

  validation {
    condition     = length(var.buckets) > 0
    error_message = "buckets is empty: nothing would ever start. Name at least one bucket."
  }
  validation {
    condition     = alltrue([for key in keys(var.buckets) : can(regex("^[a-z][a-z0-9_-]{0,31}$", key))])
    error_message = "The key of a bucket has 1 to 32 lower-case letters, digits, _ and -, a letter first; these do not: ${join(", ", [for key in keys(var.buckets) : "\"${key}\"" if !can(regex("^[a-z][a-z0-9_-]{0,31}$", key))])}."
  }
  validation {
    condition     = length(distinct([for bucket in var.buckets : bucket.name])) == length(var.buckets)
    error_message = "A bucket is named twice: ${join(", ", [for key, bucket in var.buckets : "${key} = ${bucket.name}"])}. A bucket has one notification configuration: give it one entry with several sources."
  }
  validation {
    condition     = alltrue([for bucket in var.buckets : length(bucket.sources) > 0])
    error_message = "These buckets have no source: ${join(", ", [for key, bucket in var.buckets : key if length(bucket.sources) == 0])}. Give each at least one; sources = { all = {} } takes in every object."
  }
  validation {
    condition     = alltrue([for bucket in var.buckets : contains(["owned", "external"], bucket.notification)])
    error_message = "The notification of a bucket is \"owned\" or \"external\", not ${join(", ", [for key, bucket in var.buckets : "\"${bucket.notification}\" (${key})" if !contains(["owned", "external"], bucket.notification)])}."
  }
  validation {
    condition     = alltrue([for bucket in var.buckets : bucket.account_id == null ? true : can(regex("^[0-9]{12}$", bucket.account_id))])
    error_message = "An account id has 12 digits: ${join(", ", [for key, bucket in var.buckets : "${key} says \"${bucket.account_id}\"" if bucket.account_id == null ? false : !can(regex("^[0-9]{12}$", bucket.account_id))])}. Leave account_id out for a bucket of this account."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in keys(bucket.sources) : can(regex("^[a-z][a-z0-9_-]{0,31}$", source))]]))
    error_message = "The key of a source has 1 to 32 lower-case letters, digits, _ and -, a letter first; these do not: ${join(", ", flatten([for key, bucket in var.buckets : [for source in keys(bucket.sources) : "\"${source}\" (${key})" if !can(regex("^[a-z][a-z0-9_-]{0,31}$", source))]]))}."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : source.via == "sqs"]]))
    error_message = "These sources ask for a way in that this release does not have: ${join(", ", flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : "${key}.${source} via \"${filter.via}\"" if filter.via != "sqs"]]))}. It has \"sqs\" (S3 sends straight to the queue)."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : length(source.events) > 0]]))
    error_message = "These sources name no event type: ${join(", ", flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : "${key}.${source}" if length(filter.events) == 0]]))}. Leave events out to get s3:ObjectCreated:*."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : [for event in source.events : contains(["s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:Copy", "s3:ObjectCreated:CompleteMultipartUpload"], event)]]]))
    error_message = "Spillway takes in object-created events: s3:ObjectCreated:*, :Put, :Post, :Copy and :CompleteMultipartUpload, and not ${join(", ", flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : [for event in filter.events : "\"${event}\" (${key}.${source})" if !contains(["s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:Copy", "s3:ObjectCreated:CompleteMultipartUpload"], event)]]]))}."
  }
  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for source in bucket.sources : !strcontains(source.prefix, "*") && !strcontains(source.suffix, "*")]]))
    error_message = "A prefix or suffix is compared literally, * matches nothing else: ${join(", ", flatten([for key, bucket in var.buckets : [for source, filter in bucket.sources : "${key}.${source} has prefix \"${filter.prefix}\", suffix \"${filter.suffix}\"" if strcontains(filter.prefix, "*") || strcontains(filter.suffix, "*")]]))}. Leave the * out."
  }
}

variable "handlers" {
  description = "The handlers' build: its manifest, where the zips are, and how they run."
  type = object({
    # The build's handlers.json, decoded.
    manifest = object({
      version  = string
      protocol = number
      handlers = map(map(object({
        file   = string
        sha256 = string
        bytes  = number
      })))
    })
    # arm64 or x86_64.
    architecture = optional(string, "arm64")
    # The zips are in a local directory,
    directory = optional(string)
    # or in a bucket, their keys being prefix and file name.
    s3 = optional(object({
      bucket = string
      prefix = optional(string, "")
    }))
    dispatch = optional(object({
      memory_mb = optional(number, 256)
      # Null: none reserved. A lease keeps ticks apart, 1 only saves their cost;
      # a young account cannot reserve any.
      reserved_concurrency = optional(number)
    }), {})
    settle = optional(object({
      memory_mb = optional(number, 256)
      # Most instances at once, 2 to 1000; null: no bound of its own.
      maximum_concurrency = optional(number)
    }), {})
  })
  nullable = false

  validation {
    condition     = (var.handlers.directory == null) != (var.handlers.s3 == null)
    error_message = "Give exactly one of handlers.directory and handlers.s3 as the place of the zips; ${var.handlers.directory == null ? "neither is" : "both are"} given."
  }
  validation {
    condition     = contains(["arm64", "x86_64"], var.handlers.architecture)
    error_message = "handlers.architecture = \"${var.handlers.architecture}\": Lambda has arm64 and x86_64."
  }
  validation {
    condition = alltrue([
      for handler in ["dispatch", "settle"] :
      can(var.handlers.manifest.handlers[handler][var.handlers.architecture])
    ])
    error_message = "The manifest of version ${var.handlers.manifest.version} has no ${join(" and no ", [for handler in ["dispatch", "settle"] : handler if !can(var.handlers.manifest.handlers[handler][var.handlers.architecture])])} for ${var.handlers.architecture}; it has ${join(", ", flatten([for handler, builds in var.handlers.manifest.handlers : [for architecture in keys(builds) : "${handler} for ${architecture}"]]))}. Build it (scripts/build --arch ${var.handlers.architecture}), or set another handlers.architecture."
  }
}

variable "name" {
  description = "Name of the pipeline; every name starts with it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "\"${var.name}\" cannot be the name of a pipeline: 3 to 32 lower-case letters, digits and -, a letter first and no - last."
  }
}

variable "workflow" {
  description = "The state machine that works on the objects."
  type = object({
    # Amazon States Language (JSON). It is given {"attempt": 1, "objects":
    # [{"bucket": …, "key": …, "versionId": …, "size": …, "etag": …}]}.
    definition = string
    # What it may do.
    policy_statements = optional(list(object({
      sid        = optional(string)
      effect     = optional(string, "Allow")
      actions    = list(string)
      resources  = list(string)
      conditions = optional(map(map(list(string))))
    })), [])
    # Longest time an execution may take; null: what the definition itself
    # says. An execution that hangs keeps its slot.
    timeout_seconds = optional(number)
    # ALL, ERROR, FATAL or OFF.
    log_level = optional(string, "ERROR")
    # Inputs and outputs into the log too.
    log_execution_data = optional(bool, false)
  })
  nullable = false
}

# -----------------------------------------------------------------------------
# Optional
# -----------------------------------------------------------------------------

variable "ledger" {
  description = "The record of every object event."
  type = object({
    # How long the row of a finished object event is kept.
    retention_days = optional(number, 90)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.ledger.retention_days >= 29 && var.ledger.retention_days <= 3650 && floor(var.ledger.retention_days) == var.ledger.retention_days
    error_message = "ledger.retention_days = ${var.ledger.retention_days}: give a whole number from 29 to 3650. A row must outlive every message of its object event, 14 days in the queue and 14 in the dead-letter queue, or a redrive would start it a second time."
  }
}

variable "pace" {
  description = "The numbers that bound a tick; the ledger's control item may override them at run time."
  type = object({
    # Most executions running at once, up to 10,000.
    max_concurrency = optional(number, 100)
    # Starts per second over time, and at once after a quiet time.
    starts_per_second = optional(number, 25)
    burst             = optional(number, 50)
    # Starts per tick; null: a tick starts what it can.
    starts_per_tick = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.pace.max_concurrency >= 1 && var.pace.max_concurrency <= 10000 && floor(var.pace.max_concurrency) == var.pace.max_concurrency
    error_message = "pace.max_concurrency = ${var.pace.max_concurrency}: give a whole number from 1 to 10000; each count of the slots reads all of them, and a partition of the ledger gives 3,000 read units a second. To start nothing for a while, pause by the control item or set schedule.enabled = false."
  }
  validation {
    condition     = var.pace.starts_per_second > 0 && var.pace.starts_per_second <= 400
    error_message = "pace.starts_per_second = ${var.pace.starts_per_second}: give a number above 0 and up to 400. A start writes twice into one partition of the ledger, which takes 1,000 writes a second."
  }
  validation {
    condition     = var.pace.burst >= 1 && var.pace.burst <= 1000 && floor(var.pace.burst) == var.pace.burst
    error_message = "pace.burst = ${var.pace.burst}: give a whole number from 1 to 1000. Step Functions itself allows an account no more than 800 to 1,300 starts at once."
  }
  validation {
    condition     = var.pace.starts_per_tick == null ? true : var.pace.starts_per_tick >= 1 && floor(var.pace.starts_per_tick) == var.pace.starts_per_tick
    error_message = "pace.starts_per_tick = ${coalesce(var.pace.starts_per_tick, 0)}: give a whole number, 1 or more, or leave it out for no such bound."
  }
}

variable "platform" {
  description = "What an organisation sets once for all its pipelines."
  type = object({
    iam = optional(object({
      path                 = optional(string, "/")
      permissions_boundary = optional(string)
      role_name_prefix     = optional(string, "")
    }), {})
    logs = optional(object({
      retention_days = optional(number, 30)
    }), {})
    tags = optional(map(string), {})
    # X-Ray, of functions and state machine.
    tracing = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.platform.iam.path))
    error_message = "platform.iam.path = \"${var.platform.iam.path}\": a path starts and ends with /, for instance /pipelines/."
  }
  validation {
    condition     = var.platform.iam.permissions_boundary == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.platform.iam.permissions_boundary))
    error_message = "platform.iam.permissions_boundary = \"${coalesce(var.platform.iam.permissions_boundary, "null")}\" is no ARN of a managed policy, such as arn:aws:iam::123456789012:policy/boundary."
  }
  validation {
    condition     = can(regex("^[0-9A-Za-z+=,.@_-]{0,32}$", var.platform.iam.role_name_prefix))
    error_message = "platform.iam.role_name_prefix = \"${var.platform.iam.role_name_prefix}\": IAM allows letters, digits and +=,.@_- in role names, and the prefix may have up to 32."
  }
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.platform.logs.retention_days)
    error_message = "platform.logs.retention_days = ${var.platform.logs.retention_days}: CloudWatch Logs allows 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653."
  }
}

variable "protect" {
  description = "Keeps ledger and events queue from being deleted or purged, by Terraform too, until it is switched off and applied."
  type        = bool
  default     = true
  nullable    = false
}

variable "retry" {
  description = "What follows a failed execution."
  type = object({
    # Attempts in all; after the last the object event is dead-lettered.
    max_attempts = optional(number, 3)
    # Wait before the second attempt, the third and so on; the last repeats.
    backoff_seconds = optional(list(number), [30, 300])
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.retry.max_attempts >= 1 && floor(var.retry.max_attempts) == var.retry.max_attempts
    error_message = "retry.max_attempts = ${var.retry.max_attempts}: give a whole number, 1 or more; 1 is no retry."
  }
  validation {
    condition     = length(var.retry.backoff_seconds) > 0
    error_message = "retry.backoff_seconds is empty. Give at least one number, for instance [30, 300]; [0] retries at once."
  }
  validation {
    condition     = alltrue([for seconds in var.retry.backoff_seconds : seconds >= 0 && seconds <= 900 && floor(seconds) == seconds])
    error_message = "retry.backoff_seconds = [${join(", ", var.retry.backoff_seconds)}]: each is a whole number from 0 to 900, the longest delay that SQS has."
  }
}

variable "schedule" {
  description = "When dispatch runs, and for how long."
  type = object({
    # rate(...) or cron(...) of an EventBridge rule; cron is in UTC.
    expression = optional(string, "rate(1 minute)")
    # How long a tick may go on starting executions.
    tick_seconds = optional(number, 56)
    enabled      = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition = anytrue([
      can(regex("^rate\\(1 (minute|hour|day)\\)$", var.schedule.expression)),
      can(regex("^rate\\(([2-9]|[1-9][0-9]+) (minutes|hours|days)\\)$", var.schedule.expression)),
      can(regex("^cron\\([0-9*,/-]+ [0-9*,/-]+ ([0-9*,/LW-]+ [0-9A-Z*,/-]+ [?]|[?] [0-9A-Z*,/-]+ [0-9A-Z*,/L#-]+) [0-9*,/-]+\\)$", var.schedule.expression)),
    ])
    error_message = "schedule.expression = \"${var.schedule.expression}\" is no schedule of an EventBridge rule. Write rate(1 minute), rate(5 minutes), rate(2 hours), rate(1 day), or cron(minutes hours day-of-month month day-of-week year) with ? for one of the two days, for instance cron(0/5 8-17 ? * MON-FRI *)."
  }
  validation {
    condition     = var.schedule.tick_seconds >= 1 && var.schedule.tick_seconds <= 100 && floor(var.schedule.tick_seconds) == var.schedule.tick_seconds
    error_message = "schedule.tick_seconds = ${var.schedule.tick_seconds}: give a whole number from 1 to 100. The function's timeout is 20 more, and the lease must not outlive it by much."
  }
  validation {
    condition     = startswith(var.schedule.expression, "rate(1 minute") ? var.schedule.tick_seconds <= 58 : true
    error_message = "schedule.tick_seconds = ${var.schedule.tick_seconds} does not fit into ${var.schedule.expression}: a tick must end 2 seconds before the next begins, or every other one finds the lease taken. Give 58 or less, or a slower schedule."
  }
}

variable "sweep" {
  description = "Looking after slots whose outcome never came."
  type = object({
    # Age at which a slot is looked at.
    after_seconds = optional(number, 300)
    # Most slots that one tick looks at.
    per_tick = optional(number, 50)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.sweep.after_seconds >= 1 && floor(var.sweep.after_seconds) == var.sweep.after_seconds
    error_message = "sweep.after_seconds = ${var.sweep.after_seconds}: give a whole number, 1 or more."
  }
  validation {
    condition     = var.sweep.per_tick >= 1 && var.sweep.per_tick <= 500 && floor(var.sweep.per_tick) == var.sweep.per_tick
    error_message = "sweep.per_tick = ${var.sweep.per_tick}: give a whole number from 1 to 500. Step Functions answers 10 to 15 such questions a second for the whole account."
  }
}
