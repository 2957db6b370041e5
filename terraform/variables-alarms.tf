# Written by scripts/variables from modules/input/variables-alarms.tf, which has types and rules.

variable "alarms" {
  description = <<-EOT
    The alarms, and the topics that they notify; null: there are none. They cost up to $3 a month with one lane.

    - `topics` (list of objects, required): SNS topics that receive a notification when an alarm begins and when it ends; 1 to 5.
      - `arn` (text, required)
    - `no_tick_seconds` (number, default null): Time without a tick that ended; null: 180 with a tick every minute, and no such alarm with any other schedule.
    - `oldest_event_seconds` (number, default 86400): Age of the oldest event in a lane's queue above which the alarm begins.
    - `oldest_slot_seconds` (number, default null): Age of the oldest slot above which the alarm begins. Null: the longest execution and the time that the sweep needs, or a day if that is not known.
    - `drain_seconds` (number, default null): Time to drain the backlog above which the alarm begins; null: no such alarm.
    - `failure_percent` (number, default 50): Share of failed attempts above which the alarm begins, in percent.
    - `override_hours` (number, default 24): Hours of an operator's pause or override after which the alarm begins.
    - `unhealthy` (true or false, default false): Whether one composite alarm notifies the topics, not each alarm.
    - `runbook` (text, default "docs/operate/runbook.md"): Address of the runbook, to which # and the alarm's heading are added.
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
