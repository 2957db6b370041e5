variable "home" {
  description = <<-EOT
    Where the queue will live; known before it exists, for instance from the ARN of a log group of the same configuration.

    - `partition` (text, required)
    - `region` (text, required)
    - `account_id` (text, required)
  EOT
  type = object({
    partition  = string
    region     = string
    account_id = string
  })
  nullable = false
}

variable "name" {
  description = "Name of the queue."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,80}$", var.name))
    error_message = "SQS takes no queue named \"${var.name}\". Give 1 to 80 letters, digits, - and _."
  }
}

variable "kms_key" {
  description = "Customer-managed key of the queue; its policy must let every sender and receiver use it. Null: SSE-SQS."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex(module.forms.arns.key, var.kms_key.arn))
    error_message = "kms_key.arn = \"${try(var.kms_key.arn, "")}\" is no ARN of a key. Give that of a customer-managed key, arn:aws:kms:<region>:<account>:key/<id>. The policy of an AWS-managed key (alias/aws/...) lets no EventBridge or SNS use it, and cannot be changed."
  }
}

variable "protect" {
  description = "Denies everyone to delete or purge the queue, until it is switched off and applied."
  type        = bool
  default     = true
  nullable    = false
}

variable "rules" {
  description = "EventBridge rules whose undelivered events the queue takes, by a key of your choice."
  type        = map(object({ arn = string }))
  default     = {}
  nullable    = false
}

variable "tags" {
  description = "Tags of the queue."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "topics" {
  description = "SNS topics whose undelivered messages the queue takes, by a key of your choice."
  type        = map(object({ arn = string }))
  default     = {}
  nullable    = false
}
