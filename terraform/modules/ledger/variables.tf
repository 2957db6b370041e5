variable "name" {
  description = "Name of the table."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_.-]{3,255}$", var.name))
    error_message = "DynamoDB takes no table named \"${var.name}\". Give 3 to 255 letters, digits, -, . and _."
  }
}

variable "kms_key" {
  description = "Customer-managed key of the table; null: a key that AWS owns."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex(module.forms.arns.key, var.kms_key.arn))
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
