variable "function" {
  description = "The function to invoke."
  type        = object({ arn = string })
  nullable    = false
}

variable "name" {
  description = "Name of the rule."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_.-]{1,64}$", var.name))
    error_message = "EventBridge takes no rule named \"${var.name}\". Give 1 to 64 letters, digits, -, . and _."
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
    condition     = can(regex(module.forms.schedule, var.expression))
    error_message = "\"${var.expression}\" is no schedule of an EventBridge rule. ${module.forms.schedule_remedy}"
  }
}

variable "tags" {
  description = "Tags of the rule."
  type        = map(string)
  default     = {}
  nullable    = false
}
