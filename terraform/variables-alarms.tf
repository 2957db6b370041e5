# Written by scripts/variables from modules/input/variables-alarms.tf, which has types and rules.

variable "alarms" {
  description = <<-EOT
    The alarms, and whom they tell; null: there are none. They cost up to $3 a month with one lane.

    - `topics` (list of objects, required): SNS topics that are told when an alarm begins and when it ends; 1 to 5.
      - `arn` (text, required)
    - `no_tick_seconds` (number, default null): Time without a tick that ended; null: 180 with a tick every minute, and no such alarm with any other schedule.
    - `oldest_event_seconds` (number, default 86400): Age that the oldest event in a lane's queue may have.
    - `oldest_slot_seconds` (number, default null): Age that the oldest slot may have; null: the longest execution and what the sweep needs, or a day where that is not known.
    - `drain_seconds` (number, default null): Time that the backlog may need to drain; null: no such alarm.
    - `failure_percent` (number, default 50): Share of attempts that may fail, in percent.
    - `override_hours` (number, default 24): Hours that an operator's pause or override may last.
    - `unhealthy` (true or false, default false): Whether the topics are told by one composite alarm, not by each.
    - `runbook` (text, default "docs/runbook.md"): Address of the runbook, to which # and the alarm's heading are added.
  EOT
  type        = any
  default     = null
}

variable "dashboard" {
  description = "Whether there is a dashboard. An account has three for free, and each further one costs $3 a month."
  type        = bool
  default     = false
  nullable    = false
}
