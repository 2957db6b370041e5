variable "home" {
  description = <<-EOT
    Where the queues, log groups and roles live.

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
  description = "Name of the pipeline."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "\"${var.name}\" cannot begin the names of queues and functions. Give the pipeline 3 to 32 lower-case letters, digits and -, a letter first and no - last."
  }
}

variable "appliers" {
  description = "ARNs of the roles and users that run terraform apply, with * for the unknown part of an ARN; empty: the key's policy lets them use it otherwise."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.appliers : can(regex(module.forms.arns.role_or_user, arn))])
    error_message = "appliers names ARNs that are neither roles nor users of IAM: ${join(", ", [for arn in var.appliers : arn if !can(regex(module.forms.arns.role_or_user, arn))])}. Give ARNs such as arn:aws:iam::123456789012:role/deploy; for a session (arn:aws:sts::...:assumed-role/...) that of its role."
  }
}

variable "buckets" {
  description = <<-EOT
    Buckets that send straight to a queue, by a key of your choice; account_id null: the queue's own account.

    - `name` (text, required)
    - `account_id` (text, default null)
  EOT
  type        = map(object({ name = string, account_id = optional(string) }))
  default     = {}
  nullable    = false
}

variable "handlers" {
  description = "The pipeline's functions; one with sources via \"lambda\" has ingest too, and reconcile brings its state machine along."
  type        = set(string)
  default     = ["dispatch", "settle"]
  nullable    = false

  validation {
    condition     = length(setsubtract(var.handlers, ["dispatch", "ingest", "reconcile", "settle"])) == 0 && contains(var.handlers, "dispatch") && contains(var.handlers, "settle")
    error_message = "handlers = [${join(", ", var.handlers)}]: no pipeline has just these functions. Give dispatch and settle, ingest if it has sources via \"lambda\", and reconcile unless that is off."
  }
}

variable "iam" {
  description = <<-EOT
    How the pipeline's roles are made.

    - `path` (text, default "/")
    - `role_name_prefix` (text, default "")
  EOT
  type = object({
    path             = optional(string, "/")
    role_name_prefix = optional(string, "")
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.iam.path))
    error_message = "iam.path = \"${var.iam.path}\": IAM takes no such path. Give one that starts and ends with /, such as /pipelines/."
  }
}

variable "rules" {
  description = "EventBridge rules that send uploads to a queue, by a key of your choice; those of outcomes and reconcile are known."
  type        = map(object({ arn = string }))
  default     = {}
  nullable    = false
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

variable "workflow" {
  description = "Whether the pipeline makes its state machine itself."
  type        = bool
  default     = true
  nullable    = false
}
