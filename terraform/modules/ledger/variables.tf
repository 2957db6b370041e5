variable "name" {
  description = "Name of the pipeline; the table gets the suffix -ledger."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_.-]{1,248}$", var.name))
    error_message = "A ledger cannot be named after \"${var.name}\": DynamoDB allows letters, digits, -, _ and ., 255 in all, and the suffix -ledger needs 7 of them."
  }
}

variable "kms_key" {
  description = "Customer-managed key of the table; null: a key that AWS owns."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key.arn))
    error_message = "kms_key.arn = \"${try(var.kms_key.arn, "")}\" is no ARN of a key. Give that of a customer-managed key, arn:aws:kms:<region>:<account>:key/<id>."
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
