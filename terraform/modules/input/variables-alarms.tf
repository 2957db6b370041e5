# -----------------------------------------------------------------------------
# Seen at once; all optional
# -----------------------------------------------------------------------------

variable "alarms" {
  description = "The alarms, and the topics that they notify; null: there are none. They cost up to $3 a month with one lane."
  type = object({
    # SNS topics that receive a notification when an alarm begins and when it ends;
    # 1 to 5.
    topics = list(object({ arn = string }))
    # Time without a tick that ended; null: 180 with a tick every minute, and no
    # such alarm with any other schedule.
    no_tick_seconds = optional(number)
    # Age of the oldest event in a lane's queue above which the alarm begins.
    oldest_event_seconds = optional(number, 86400)
    # Age of the oldest slot above which the alarm begins. Null: the longest execution and the time
    # that the sweep needs, or a day if that is not known.
    oldest_slot_seconds = optional(number)
    # Time to drain the backlog above which the alarm begins; null: no such alarm.
    drain_seconds = optional(number)
    # Share of failed attempts above which the alarm begins, in percent.
    failure_percent = optional(number, 50)
    # Hours of an operator's pause or override after which the alarm begins.
    override_hours = optional(number, 24)
    # Whether one composite alarm notifies the topics, not each alarm.
    unhealthy = optional(bool, false)
    # Address of the runbook, to which # and the alarm's heading are added.
    runbook = optional(string, "docs/operate/runbook.md")
  })
  default = null

  validation {
    condition     = var.alarms == null ? true : length(var.alarms.topics) >= 1 && length(var.alarms.topics) <= 5
    error_message = "alarms.topics has ${var.alarms == null ? 0 : length(var.alarms.topics)} topics, and CloudWatch notifies 1 to 5. Name one, and subscribe to it each receiver of a notification; or leave alarms out for none."
  }
  validation {
    condition     = var.alarms == null ? true : alltrue([for topic in var.alarms.topics : can(regex(module.forms.arns.topic_of_any_type, topic.arn))])
    error_message = "In alarms.topics these are no ARNs of SNS topics: ${var.alarms == null ? "" : join(", ", [for topic in var.alarms.topics : topic.arn if !can(regex(module.forms.arns.topic_of_any_type, topic.arn))])}. Give arn:aws:sns:REGION:ACCOUNT:NAME."
  }
  validation {
    condition     = var.alarms == null ? true : var.alarms.no_tick_seconds == null ? true : var.alarms.no_tick_seconds >= 180 && var.alarms.no_tick_seconds <= 51840
    error_message = "alarms.no_tick_seconds = ${var.alarms == null ? 0 : coalesce(var.alarms.no_tick_seconds, 0)}: give 180 to 51840 seconds, at least three times the time between two ticks. CloudWatch looks back a day at most, which is five periods of a third of it. For a rarer tick leave it out: there is no such alarm then."
  }
  validation {
    condition     = var.alarms == null ? true : var.alarms.no_tick_seconds == null ? true : var.alarms.no_tick_seconds >= 180 * local._minutes_between_ticks
    error_message = "alarms.no_tick_seconds = ${var.alarms == null ? 0 : coalesce(var.alarms.no_tick_seconds, 0)} is less than three times the time between two ticks of ${var.schedule.expression}: the alarm would begin while all is well. Give ${180 * local._minutes_between_ticks} or more, or leave it out."
  }
  validation {
    condition     = var.alarms == null ? true : var.alarms.oldest_event_seconds >= 60 && var.alarms.oldest_event_seconds <= 1209600
    error_message = "alarms.oldest_event_seconds = ${var.alarms == null ? 0 : coalesce(var.alarms.oldest_event_seconds, 0)}: give 60 to 1209600 seconds; after these 14 days SQS deletes an event."
  }
  validation {
    condition     = var.alarms == null ? true : var.alarms.oldest_slot_seconds == null ? true : var.alarms.oldest_slot_seconds >= 60
    error_message = "alarms.oldest_slot_seconds = ${var.alarms == null ? 0 : coalesce(var.alarms.oldest_slot_seconds, 0)}: a tick measures the age once a minute. Give 60 or more, and more than the longest execution takes. Left out, it follows from the workflow's timeout."
  }
  validation {
    condition     = var.alarms == null ? true : var.alarms.drain_seconds == null ? true : var.alarms.drain_seconds >= 60
    error_message = "alarms.drain_seconds = ${var.alarms == null ? 0 : coalesce(var.alarms.drain_seconds, 0)}: give 60 or more, for the rate is that of a tick, which takes a minute; or leave it out."
  }
  validation {
    condition     = var.alarms == null ? true : var.alarms.failure_percent >= 1 && var.alarms.failure_percent <= 100
    error_message = "alarms.failure_percent = ${var.alarms == null ? 0 : coalesce(var.alarms.failure_percent, 0)} is no percentage of attempts. Give a number from 1 to 100. With 100 the alarm never begins, for it needs more than that."
  }
  validation {
    condition     = var.alarms == null ? true : var.alarms.override_hours > 0 && var.alarms.override_hours <= 8760
    error_message = "alarms.override_hours = ${var.alarms == null ? 0 : coalesce(var.alarms.override_hours, 0)}: the alarm measures at most a year. Give hours above 0, and at most 8760."
  }
}

variable "dashboard" {
  description = "Whether there is a dashboard. An account has three for free, and each further one costs $3 a month."
  type        = bool
  default     = false
  nullable    = false
}
