variable "function" {
  description = "The function to invoke."
  type        = object({ arn = string })
  nullable    = false
}

variable "name" {
  description = "Name of the pipeline; the rule gets the suffix -tick."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_.-]{1,59}$", var.name))
    error_message = "A rule cannot be named after \"${var.name}\": EventBridge allows 64 letters, digits, -, _ and ., and the suffix -tick needs 5 of them."
  }
}

variable "enabled" {
  description = "Whether the rule fires."
  type        = bool
  default     = true
  nullable    = false
}

variable "expression" {
  description = "rate(...) or cron(...) as EventBridge rules know them; cron is in UTC."
  type        = string
  default     = "rate(1 minute)"
  nullable    = false

  validation {
    condition = anytrue([
      can(regex("^rate\\(1 (minute|hour|day)\\)$", var.expression)),
      can(regex("^rate\\(([2-9]|[1-9][0-9]+) (minutes|hours|days)\\)$", var.expression)),
      can(regex("^cron\\([0-9*,/-]+ [0-9*,/-]+ ([0-9*,/LW-]+ [0-9A-Z*,/-]+ [?]|[?] [0-9A-Z*,/-]+ [0-9A-Z*,/L#-]+) [0-9*,/-]+\\)$", var.expression)),
    ])
    error_message = "\"${var.expression}\" is no schedule of an EventBridge rule. Write rate(1 minute), rate(5 minutes), rate(2 hours), rate(1 day), or cron(minutes hours day-of-month month day-of-week year) with ? for one of the two days, for instance cron(0/5 8-17 ? * MON-FRI *)."
  }
}

variable "tags" {
  description = "Tags of the rule."
  type        = map(string)
  default     = {}
  nullable    = false
}
