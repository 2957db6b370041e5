variable "bucket" {
  description = <<-EOT
    The bucket, and the account that owns it.

    - `name` (text, required)
    - `account_id` (text, required)
  EOT
  type        = object({ name = string, account_id = string })
  nullable    = false
}

variable "function" {
  description = "The function that S3 may invoke."
  type        = object({ arn = string })
  nullable    = false
}

variable "statement_id" {
  description = "Name of the statement in the function's policy."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,100}$", var.statement_id))
    error_message = "statement_id = \"${var.statement_id}\": Lambda takes no such id. Give 1 to 100 letters, digits, - and _."
  }
}

variable "partition" {
  description = "Partition of the bucket."
  type        = string
  default     = "aws"
  nullable    = false
}
