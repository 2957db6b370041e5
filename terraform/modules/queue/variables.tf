variable "dead_letter_name" {
  description = "Name of the dead-letter queue, without .fifo."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,75}$", var.dead_letter_name)) && var.dead_letter_name != var.name
    error_message = "dead_letter_name = \"${var.dead_letter_name}\": SQS takes no such name, or the queue itself has it. Give another one of 1 to 75 letters, digits, - and _. SQS allows 80, and the ending .fifo takes 5."
  }
}

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
  description = "Name of the queue, without .fifo."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,75}$", var.name))
    error_message = "SQS takes no queue named \"${var.name}\". Give 1 to 75 letters, digits, - and _. SQS allows 80, and the ending .fifo takes 5."
  }
}

variable "buckets" {
  description = <<-EOT
    Buckets whose events the queue takes in, by a key of your choice.

    - `name` (text, required): Name of the bucket; it can be unknown at plan.
    - `account_id` (text, default null): Account that owns the bucket; null: the queue's own.
    - `sources` (map of objects): The parts of the bucket, by a key of your choice: they become the bucket's notification entries (output bucket_notifications).
      - `prefix` (text, default "")
      - `suffix` (text, default "")
      - `events` (set of texts, default ["s3:ObjectCreated:*"])
  EOT
  type = map(object({
    name       = string
    account_id = optional(string)
    sources = optional(map(object({
      prefix = optional(string, "")
      suffix = optional(string, "")
      events = optional(set(string), ["s3:ObjectCreated:*"])
    })), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for bucket in var.buckets :
      bucket.account_id == null ? true : can(regex("^[0-9]{12}$", bucket.account_id))
    ])
    error_message = "An account id has 12 digits, but these buckets say otherwise: ${join(", ", [for key, bucket in var.buckets : "${key} = \"${bucket.account_id}\"" if bucket.account_id == null ? false : !can(regex("^[0-9]{12}$", bucket.account_id))])}. Leave account_id out for a bucket of the queue's own account."
  }
}

variable "consumer_timeout_seconds" {
  description = "Longest time a consumer works on messages before it deletes them: its function's timeout."
  type        = number
  default     = 76
  nullable    = false
}

variable "dead_letter_retention_seconds" {
  description = "How long the dead-letter queue keeps a message, counted from when it was first sent to the queue."
  type        = number
  default     = 1209600
  nullable    = false

  validation {
    condition     = var.dead_letter_retention_seconds >= 60 && var.dead_letter_retention_seconds <= 1209600
    error_message = "dead_letter_retention_seconds = ${var.dead_letter_retention_seconds} is outside of SQS's range. Give 60 to 1209600 seconds (14 days)."
  }
  validation {
    condition     = var.dead_letter_retention_seconds >= var.retention_seconds
    error_message = "dead_letter_retention_seconds = ${var.dead_letter_retention_seconds} is less than retention_seconds = ${var.retention_seconds}. A message keeps its age when SQS moves it, so it would be deleted on arrival in the dead-letter queue: make it at least ${var.retention_seconds}."
  }
}

variable "extra_policy_statements" {
  description = <<-EOT
    Further statements of the queue's policy; their resource is the queue.

    - `sid` (text, required)
    - `effect` (text, default "Allow")
    - `principals` (map of lists, required)
    - `actions` (list of texts, required)
    - `conditions` (map of maps, default null)
  EOT
  type = list(object({
    sid        = string
    effect     = optional(string, "Allow")
    principals = map(list(string))
    actions    = list(string)
    conditions = optional(map(map(list(string))))
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for s in var.extra_policy_statements : contains(["Allow", "Deny"], s.effect)])
    error_message = "extra_policy_statements have effects that SQS does not know: ${join(", ", [for s in var.extra_policy_statements : "\"${s.effect}\" (${s.sid})" if !contains(["Allow", "Deny"], s.effect)])}. Give \"Allow\" or \"Deny\"."
  }
  validation {
    condition     = alltrue(flatten([for s in var.extra_policy_statements : [for a in s.actions : a != "*" && a != "sqs:*" || s.effect == "Deny"]]))
    error_message = "These extra_policy_statements allow every action: ${join(", ", [for s in var.extra_policy_statements : s.sid if s.effect != "Deny" && anytrue([for a in s.actions : a == "*" || a == "sqs:*"])])}. Name the actions, for instance sqs:SendMessage."
  }
  validation {
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
    condition     = alltrue([for s in var.extra_policy_statements : length(s.actions) >= 1 && length(s.actions) <= 7])
    error_message = "An extra policy statement has 1 to 7 actions; SQS refuses more: ${join(", ", [for s in var.extra_policy_statements : "${s.sid} has ${length(s.actions)}" if length(s.actions) < 1 || length(s.actions) > 7])}. Spread the actions over several statements, each with its own sid."
  }
}

variable "fifo" {
  description = "Whether the two queues are FIFO, with the throughput of each message group apart."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = var.fifo ? length(var.buckets) == 0 && length(var.rules) == 0 && length(var.topics) == 0 : true
    error_message = "fifo = true, but ${length(var.buckets)} buckets, ${length(var.rules)} rules and ${length(var.topics)} topics would send to the queue. S3 cannot send to a FIFO queue, and rules and topics give no deduplication id: let a function send, and allow its role."
  }
}

variable "kms_key" {
  description = "Customer-managed key of the two queues; its policy must let every sender and receiver use it. Null: SSE-SQS."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex(module.forms.arns.key, var.kms_key.arn))
    error_message = "kms_key.arn = \"${try(var.kms_key.arn, "")}\" is no ARN of a key. Give that of a customer-managed key, arn:aws:kms:<region>:<account>:key/<id>. The policy of an AWS-managed key (alias/aws/...) lets no S3, EventBridge or SNS use it, and cannot be changed."
  }
}

variable "max_receive_count" {
  description = "Receives after which SQS moves a message to the dead-letter queue."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.max_receive_count >= 1 && var.max_receive_count <= 1000 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "max_receive_count = ${var.max_receive_count} is outside of SQS's range. Give a whole number from 1 to 1000."
  }
}

variable "protect" {
  description = "Denies everyone to delete or purge the two queues, until it is switched off and applied."
  type        = bool
  default     = true
  nullable    = false
}

variable "retention_seconds" {
  description = "How long the queue keeps a message before SQS deletes it for good."
  type        = number
  default     = 1209600
  nullable    = false

  validation {
    condition     = var.retention_seconds >= 60 && var.retention_seconds <= 1209600
    error_message = "retention_seconds = ${var.retention_seconds} is outside of SQS's range. Give 60 to 1209600 seconds (14 days)."
  }
}

variable "rules" {
  description = "EventBridge rules that may send to the queue, by a key of your choice."
  type        = map(object({ arn = string }))
  default     = {}
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "topics" {
  description = "SNS topics that may send to the queue, by a key of your choice."
  type        = map(object({ arn = string }))
  default     = {}
  nullable    = false
}

variable "trusted_organization_id" {
  description = "Organization that stands for the accounts of all buckets that have an account_id; null: each account is named."
  type        = string
  default     = null

  validation {
    condition     = var.trusted_organization_id == null ? true : can(regex("^o-[a-z0-9]{10,32}$", var.trusted_organization_id))
    error_message = "trusted_organization_id = \"${coalesce(var.trusted_organization_id, "null")}\" is no id of an organization. Give o- and 10 to 32 lower-case letters and digits."
  }
}

variable "visibility_timeout_seconds" {
  description = "How long a received message stays hidden; null: consumer_timeout_seconds and 15 more."
  type        = number
  default     = null

  validation {
    condition = var.visibility_timeout_seconds == null ? true : (
      var.visibility_timeout_seconds >= var.consumer_timeout_seconds
      && var.visibility_timeout_seconds <= 43200
    )
    error_message = "visibility_timeout_seconds = ${coalesce(var.visibility_timeout_seconds, 0)} must be at least consumer_timeout_seconds = ${var.consumer_timeout_seconds} (or a message comes back while it is still worked on) and at most 43200. Leave it out to get consumer_timeout_seconds + 15."
  }
}
