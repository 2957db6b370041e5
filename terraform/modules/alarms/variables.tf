# -----------------------------------------------------------------------------
# Required
# -----------------------------------------------------------------------------

variable "name" {
  description = "Name of the pipeline: the metrics' dimension, and the first part of the names of its functions and queues."
  type        = string
  nullable    = false
}

variable "topics" {
  description = <<-EOT
    SNS topics that are told when an alarm begins and when it ends.

    - `arn` (text, required)
  EOT
  type        = list(object({ arn = string }))
  nullable    = false

  validation {
    condition     = length(var.topics) >= 1 && length(var.topics) <= 5
    error_message = "There are ${length(var.topics)} topics: CloudWatch notifies 1 to 5. Name one, and subscribe to it each receiver of a notification."
  }
  validation {
    condition     = alltrue([for topic in var.topics : can(regex(module.forms.arns.topic_of_any_type, topic.arn))])
    error_message = "These are no ARNs of SNS topics: ${join(", ", [for topic in var.topics : topic.arn if !can(regex(module.forms.arns.topic_of_any_type, topic.arn))])}. Give arn:aws:sns:REGION:ACCOUNT:NAME."
  }
}

# -----------------------------------------------------------------------------
# The parts of the pipeline; all optional
# -----------------------------------------------------------------------------

variable "adapts" {
  description = "Whether the pace adapts to the rate that the target takes."
  type        = bool
  default     = false
  nullable    = false
}

variable "handlers" {
  description = "The pipeline's functions: dispatch and settle, and ingest and reconcile if it has them."
  type        = set(string)
  default     = ["dispatch", "settle", "reconcile"]
  nullable    = false

  validation {
    condition     = length(setsubtract(var.handlers, ["dispatch", "ingest", "reconcile", "settle"])) == 0
    error_message = "A pipeline has no such functions: ${join(", ", setsubtract(var.handlers, ["dispatch", "ingest", "reconcile", "settle"]))}. Give dispatch, settle, and ingest and reconcile if it has them."
  }
}

variable "lanes" {
  description = "Names of the lanes: each has an alarm on the age of its oldest event."
  type        = set(string)
  default     = ["default"]
  nullable    = false
}

variable "fifo" {
  description = "Whether the events queues are FIFO queues: their names end in .fifo."
  type        = bool
  default     = false
  nullable    = false
}

variable "ledger" {
  description = <<-EOT
    The pipeline's ledger; null: the table that is called after the pipeline.

    - `name` (text, required)
  EOT
  type        = object({ name = string })
  default     = null
}

variable "limit_of_the_day" {
  description = "Whether the pipeline has a limit of starts a day."
  type        = bool
  default     = false
  nullable    = false
}

variable "reconcile" {
  description = <<-EOT
    The state machine whose failed runs are told; null: none is.

    - `state_machine_arn` (text, required)
  EOT
  type        = object({ state_machine_arn = string })
  default     = null
}

variable "schedule" {
  description = "The tick's schedule, as the rule has it."
  type        = string
  default     = "rate(1 minute)"
  nullable    = false

  validation {
    condition     = can(regex(module.forms.schedule, var.schedule))
    error_message = "schedule = \"${var.schedule}\" is no schedule of an EventBridge rule. ${module.forms.schedule_remedy}"
  }
}

# -----------------------------------------------------------------------------
# Bounds; all optional
# -----------------------------------------------------------------------------

variable "drain_seconds" {
  description = "Time to drain the backlog, at the present rate, above which the alarm begins; null: no such alarm."
  type        = number
  default     = null

  validation {
    condition     = var.drain_seconds == null ? true : var.drain_seconds >= 60
    error_message = "drain_seconds = ${coalesce(var.drain_seconds, 0)}: give 60 or more; the rate is that of a tick, which takes a minute."
  }
}

variable "failure_percent" {
  description = "Share of failed attempts above which the alarm begins, in percent."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.failure_percent >= 1 && var.failure_percent <= 100
    error_message = "failure_percent = ${var.failure_percent} is no percentage of attempts. Give a number from 1 to 100. With 100 the alarm never begins, for it needs more than that."
  }
}

variable "no_tick_seconds" {
  description = "Time without a tick that ended; null: 180 with a tick every minute, and no such alarm with any other schedule."
  type        = number
  default     = null

  validation {
    condition     = var.no_tick_seconds == null ? true : var.no_tick_seconds >= 180 && var.no_tick_seconds <= 51840
    error_message = "no_tick_seconds = ${coalesce(var.no_tick_seconds, 0)}: give 180 to 51840 seconds, at least three times the time between two ticks. CloudWatch looks back a day at most, which is five periods of a third of it."
  }
}

variable "oldest_event_seconds" {
  description = "Age of the oldest event in a lane's queue above which the alarm begins."
  type        = number
  default     = 86400
  nullable    = false

  validation {
    condition     = var.oldest_event_seconds >= 60 && var.oldest_event_seconds <= 1209600
    error_message = "oldest_event_seconds = ${var.oldest_event_seconds}: give 60 to 1209600 seconds; after these 14 days SQS deletes an event."
  }
}

variable "oldest_slot_seconds" {
  description = "Age of the oldest slot above which the alarm begins: longer than the longest execution."
  type        = number
  default     = 86400
  nullable    = false

  validation {
    condition     = var.oldest_slot_seconds >= 60
    error_message = "oldest_slot_seconds = ${var.oldest_slot_seconds}: a tick measures the age once a minute. Give 60 or more, and more than the longest execution takes."
  }
}

variable "override_hours" {
  description = "Hours of an operator's pause or override after which the alarm begins."
  type        = number
  default     = 24
  nullable    = false

  validation {
    condition     = var.override_hours > 0 && var.override_hours <= 8760
    error_message = "override_hours = ${var.override_hours}: the alarm measures at most a year. Give hours above 0, and at most 8760."
  }
}

variable "runbook" {
  description = "Address of the runbook, to which # and the alarm's heading are added."
  type        = string
  default     = "docs/operate/runbook.md"
  nullable    = false
}

variable "since" {
  description = "When the pipeline was made, such as 2026-11-29T12:00:00Z; null: when these alarms are first applied. For 15 minutes more than no_tick_seconds it counts as new, and need not tick."
  type        = string
  default     = null

  validation {
    condition     = var.since == null ? true : can(formatdate("YYYY", var.since)) && endswith(var.since, "Z")
    error_message = "since = \"${coalesce(var.since, "null")}\" is no time in UTC. Give one such as 2026-11-29T12:00:00Z."
  }
}

variable "unhealthy" {
  description = "Whether the topics are told by one composite alarm, instead of by each alarm."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags of the alarms."
  type        = map(string)
  default     = {}
  nullable    = false
}
