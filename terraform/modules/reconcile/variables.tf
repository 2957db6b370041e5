variable "dead_letter_queue" {
  description = "Standard SQS queue that keeps the events that the rule could not deliver; its policy lets the rule, which has the name of the state machine, send there."
  type        = object({ arn = string })
  nullable    = false
}

variable "function" {
  description = "The handler reconcile."
  type        = object({ arn = string })
  nullable    = false
}

variable "ledger" {
  description = <<-EOT
    The table that the counts of a run are read from.

    - `arn` (text, required)
    - `name` (text, required)
  EOT
  type        = object({ arn = string, name = string })
  nullable    = false
}

variable "name" {
  description = "Name of the state machine and of its rule."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,64}$", var.name))
    error_message = "EventBridge takes no rule named \"${var.name}\". Give the rule and its state machine 1 to 64 letters, digits, - and _."
  }
}

variable "role_name" {
  description = "Name of the state machine's role. Roles are the account's and not a Region's: have the Region in it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z+=,.@_-]{1,64}$", var.role_name))
    error_message = "IAM takes no role named \"${var.role_name}\" (${length(var.role_name)} characters). Give 1 to 64 letters, digits and +=,.@_-."
  }
}

variable "rule_role_name" {
  description = "Name of the rule's role. Roles are the account's and not a Region's: have the Region in it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z+=,.@_-]{1,64}$", var.rule_role_name))
    error_message = "IAM takes no role named \"${var.rule_role_name}\" (${length(var.rule_role_name)} characters). Give 1 to 64 letters, digits and +=,.@_-."
  }
}

variable "buckets" {
  description = <<-EOT
    Buckets of this account and Region that can be listed, by a key of your choice, and what the prefix of a listing may start with; one that is "": anything.

    - `name` (text, required)
    - `prefixes` (set of texts, required)
  EOT
  type        = map(object({ name = string, prefixes = set(string) }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for bucket in var.buckets : length(bucket.prefixes) > 0])
    error_message = "These buckets have no prefix, and nothing of them could be listed: ${join(", ", [for key, bucket in var.buckets : key if length(bucket.prefixes) == 0])}. Give prefixes = [\"\"] for the whole bucket."
  }
}

variable "enabled" {
  description = "Whether the rule fires; runs can be started by hand in any case."
  type        = bool
  default     = true
  nullable    = false
}

variable "expression" {
  description = "rate(...) or cron(...) as EventBridge rules know them; cron is in UTC."
  type        = string
  default     = "rate(1 day)"
  nullable    = false

  validation {
    condition     = can(regex(module.forms.schedule, var.expression))
    error_message = "\"${var.expression}\" is no schedule of an EventBridge rule. ${module.forms.schedule_remedy}"
  }
}

variable "iam" {
  description = <<-EOT
    How the roles are made.

    - `path` (text, default "/")
    - `permissions_boundary` (text, default null)
  EOT
  type = object({
    path                 = optional(string, "/")
    permissions_boundary = optional(string)
  })
  default  = {}
  nullable = false
}

variable "inventories" {
  description = <<-EOT
    Where S3 puts inventories that can be read, by a key of your choice: a bucket of this account and Region, and the prefix below which they are.

    - `bucket` (text, required)
    - `prefix` (text, default "")
  EOT
  type        = map(object({ bucket = string, prefix = optional(string, "") }))
  default     = {}
  nullable    = false
}

variable "kms_key" {
  description = "Your own key (KMS) for the log group, the definition and the executions' data; null: keys that AWS owns."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex(module.forms.arns.key, var.kms_key.arn))
    error_message = "kms_key.arn = \"${try(var.kms_key.arn, "")}\" is no ARN of a key. Give that of a customer-managed key, arn:aws:kms:<region>:<account>:key/<id>."
  }
}

variable "log_retention_days" {
  description = "How long the log group keeps the state machine's logs."
  type        = number
  default     = 30
  nullable    = false
}

variable "max_concurrency" {
  description = "Most batches of 200 objects that are compared at once."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.max_concurrency >= 1 && var.max_concurrency <= 1000 && floor(var.max_concurrency) == var.max_concurrency
    error_message = "max_concurrency = ${var.max_concurrency}: give a whole number from 1 to 1000. Each is an instance of the function, of which an account has 1,000 unless it asked for more."
  }
}

variable "scheduled_list" {
  description = <<-EOT
    What each scheduled run lists, besides going over the rows: entries of the input's list. None: nothing.

    - `bucket` (text, required)
    - `prefix` (text, required)
  EOT
  type        = list(object({ bucket = string, prefix = string }))
  default     = []
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "tracing" {
  description = "X-Ray."
  type        = bool
  default     = false
  nullable    = false
}
