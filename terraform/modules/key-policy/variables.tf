variable "home" {
  description = "Where the queues, log groups and roles live."
  type = object({
    partition  = string
    region     = string
    account_id = string
  })
  nullable = false
}

variable "buckets" {
  description = "Buckets that send straight to a queue, by a key of your choice; account_id null: the queue's own account."
  type        = map(object({ name = string, account_id = optional(string) }))
  default     = {}
  nullable    = false
}

variable "log_group_names" {
  description = "Log groups that are encrypted with the key."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "role_names" {
  description = "Roles of functions that receive from the queues, send to them or use the ledger."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "role_path" {
  description = "Path of these roles."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.role_path))
    error_message = "role_path = \"${var.role_path}\": a path starts and ends with /, for instance /pipelines/."
  }
}

variable "rules" {
  description = "EventBridge rules that send to a queue, by a key of your choice."
  type        = map(object({ arn = string }))
  default     = {}
  nullable    = false
}

variable "sid_prefix" {
  description = "What the statements' names start with, so that several pipelines share one key."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z]*$", var.sid_prefix))
    error_message = "sid_prefix = \"${var.sid_prefix}\": the name of a statement has letters and digits only."
  }
}

variable "topics" {
  description = "SNS topics that send to a queue, by a key of your choice."
  type        = map(object({ arn = string }))
  default     = {}
  nullable    = false
}

variable "trusted_organization_id" {
  description = "Organization that stands for the accounts of all buckets that have an account_id; null: each account is named."
  type        = string
  default     = null
}
