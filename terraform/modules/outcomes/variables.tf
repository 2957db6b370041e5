variable "function" {
  description = "The function that settles outcomes; its role must already be allowed to receive from the queue."
  type        = object({ arn = string })
  nullable    = false
}

variable "function_timeout_seconds" {
  description = "The function's timeout; messages stay hidden for six times as long."
  type        = number
  nullable    = false

  validation {
    condition     = var.function_timeout_seconds >= 1 && var.function_timeout_seconds <= 900
    error_message = "function_timeout_seconds = ${var.function_timeout_seconds}: no function of Lambda runs that long. Give 1 to 900."
  }
}

variable "dead_letter_name" {
  description = "Name of the dead-letter queue."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,80}$", var.dead_letter_name)) && var.dead_letter_name != var.name
    error_message = "dead_letter_name = \"${var.dead_letter_name}\": SQS takes no such name, or the queue itself has it. Give another one of 1 to 80 letters, digits, - and _."
  }
}

variable "home" {
  description = <<-EOT
    Where the queues will live; known before they exist, for instance from the ARN of a log group of the same configuration.

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
  description = "Name of the rule and of the queue."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,64}$", var.name))
    error_message = "EventBridge takes no rule named \"${var.name}\". Give the rule and its queue 1 to 64 letters, digits, - and _."
  }
}

variable "state_machine" {
  description = "The state machine of the executions that are watched, under any alias or version."
  type        = object({ arn = string })
  nullable    = false

  validation {
    condition     = can(regex(module.forms.arns.state_machine, var.state_machine.arn))
    error_message = "state_machine.arn = \"${var.state_machine.arn}\" is no ARN of a state machine. Give it without alias or version, as events carry it: arn:aws:states:<region>:<account>:stateMachine:<name>."
  }
}

variable "kms_key" {
  description = "Customer-managed key of the two queues; its policy must let EventBridge and the function use it. Null: SSE-SQS."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex(module.forms.arns.key, var.kms_key.arn))
    error_message = "kms_key.arn = \"${try(var.kms_key.arn, "")}\" is no ARN of a key. Give that of a customer-managed key, arn:aws:kms:<region>:<account>:key/<id>."
  }
}

variable "max_receive_count" {
  description = "Receives after which SQS moves a message to the dead-letter queue."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.max_receive_count >= 5 && var.max_receive_count <= 1000 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "max_receive_count = ${var.max_receive_count}: give a whole number from 5 (a throttled function uses up some) to 1000."
  }
}

variable "maximum_concurrency" {
  description = "Most instances of the function that settle at once."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.maximum_concurrency >= 2 && var.maximum_concurrency <= 1000 && floor(var.maximum_concurrency) == var.maximum_concurrency
    error_message = "maximum_concurrency = ${var.maximum_concurrency}: Lambda allows whole numbers from 2 to 1000; leave it out for 10."
  }
}

variable "tags" {
  description = "Tags of every resource that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}
