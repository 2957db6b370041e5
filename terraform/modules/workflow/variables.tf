variable "definition" {
  description = "The state machine in Amazon States Language (JSON)."
  type        = string
  nullable    = false

  validation {
    condition     = can(jsondecode(var.definition))
    error_message = "The definition of the workflow is not JSON: it starts with \"${substr(var.definition, 0, 40)}\". Give the content of the file, by file() or templatefile(), and not its path."
  }
  validation {
    condition     = can(jsondecode(var.definition)) ? can(jsondecode(var.definition).StartAt) && can(keys(jsondecode(var.definition).States)) : true
    error_message = "The definition of the workflow has no StartAt or no States: it is no state machine in Amazon States Language."
  }
}

variable "name" {
  description = "Name of the state machine."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,80}$", var.name))
    error_message = "A state machine cannot be named \"${var.name}\": 1 to 80 letters, digits, - and _ are allowed."
  }
}

variable "iam" {
  description = "How the role is made."
  type = object({
    path                 = optional(string, "/")
    permissions_boundary = optional(string)
    role_name_prefix     = optional(string, "")
  })
  default  = {}
  nullable = false
}

variable "logs" {
  description = "What goes to the log group."
  type = object({
    # ALL, ERROR, FATAL or OFF.
    level = optional(string, "ERROR")
    # Inputs and outputs too: object keys and whatever the states read.
    include_execution_data = optional(bool, false)
    retention_days         = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["ALL", "ERROR", "FATAL", "OFF"], var.logs.level)
    error_message = "The log level of a workflow is ALL, ERROR, FATAL or OFF, not \"${var.logs.level}\"."
  }
}

variable "policy_statements" {
  description = "What the state machine may do, besides writing its logs."
  type = list(object({
    sid        = optional(string)
    effect     = optional(string, "Allow")
    actions    = list(string)
    resources  = list(string)
    conditions = optional(map(map(list(string))))
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for s in var.policy_statements : contains(["Allow", "Deny"], s.effect)])
    error_message = "The effect of a policy statement is \"Allow\" or \"Deny\", not ${join(", ", [for s in var.policy_statements : "\"${s.effect}\"" if !contains(["Allow", "Deny"], s.effect)])}."
  }
}

variable "tags" {
  description = "Tags of every resource that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "timeout_seconds" {
  description = "Longest time an execution may take; null: what the definition itself says."
  type        = number
  default     = null

  validation {
    condition     = var.timeout_seconds == null ? true : var.timeout_seconds >= 1 && var.timeout_seconds <= 31536000 && floor(var.timeout_seconds) == var.timeout_seconds
    error_message = "timeout_seconds = ${coalesce(var.timeout_seconds, 0)}: an execution may take 1 to 31536000 seconds (a year), in whole seconds."
  }
}

variable "tracing" {
  description = "X-Ray."
  type        = bool
  default     = false
  nullable    = false
}
