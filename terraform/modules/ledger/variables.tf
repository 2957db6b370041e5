variable "name" {
  description = "Name of the pipeline; the table gets the suffix -ledger."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_.-]{1,248}$", var.name))
    error_message = "A ledger cannot be named after \"${var.name}\": DynamoDB allows letters, digits, -, _ and ., 255 in all, and the suffix -ledger needs 7 of them."
  }
}

variable "protect" {
  description = "Deletion protection, until it is switched off and applied."
  type        = bool
  default     = true
  nullable    = false
}

variable "tags" {
  description = "Tags of the table."
  type        = map(string)
  default     = {}
  nullable    = false
}
