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
    error_message = "The definition of the workflow has the fields ${try(join(", ", keys(jsondecode(var.definition))), "of no object")}, and a state machine has StartAt and States. Give one in Amazon States Language."
  }
}

variable "name" {
  description = "Name of the state machine."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,80}$", var.name))
    error_message = "Step Functions takes no state machine named \"${var.name}\". Give 1 to 80 letters, digits, - and _."
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

variable "alias" {
  description = <<-EOT
    A name by which executions are started, and the versions it stands for; null: none, starts go to the state machine as it is.

    - `name` (text, required): Name of the alias, for instance live.
    - `previous_version_arn` (text, default null): The version that shares the starts with the new one: the output version_arn of the last apply.
    - `weight` (number, default 100): Share of starts that the new version gets, in percent.
  EOT
  type = object({
    name                 = string
    previous_version_arn = optional(string)
    weight               = optional(number, 100)
  })
  default = null

  validation {
    condition     = var.alias == null ? true : can(regex("^[0-9A-Za-z_.-]{1,80}$", var.alias.name)) && can(regex("[A-Za-z_.-]", var.alias.name))
    error_message = "alias.name = \"${try(var.alias.name, "")}\" cannot be the name of an alias. Give 1 to 80 letters, digits and _ . -, such as live. Digits alone name versions."
  }
  validation {
    condition     = var.alias == null ? true : var.alias.weight >= 0 && var.alias.weight <= 100 && floor(var.alias.weight) == var.alias.weight
    error_message = "alias.weight = ${try(var.alias.weight, "")} is no percentage of starts. Give the share of the new version as a whole number from 0 to 100."
  }
  validation {
    condition     = var.alias == null ? true : var.alias.weight == 100 || var.alias.previous_version_arn != null
    error_message = "alias.weight = ${try(var.alias.weight, "")} leaves starts to another version, and alias.previous_version_arn names none. Give it the ARN of the version that ran so far (output version_arn), or leave weight out."
  }
  validation {
    condition     = try(var.alias.previous_version_arn, null) == null ? true : try(regex(module.forms.arns.state_machine_version, var.alias.previous_version_arn) != "" && split(":", var.alias.previous_version_arn)[6] == var.name, false)
    error_message = "alias.previous_version_arn = \"${try(coalesce(var.alias.previous_version_arn), "")}\" is no version of this state machine. Give the output version_arn of the last apply, such as arn:aws:states:eu-central-1:123456789012:stateMachine:${var.name}:7."
  }
}

variable "iam" {
  description = <<-EOT
    How the role is made.

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

variable "kms_key" {
  description = "Your own key (KMS) for the log group, the definition and the executions' data; null: keys that AWS owns. Its policy must have the statements of the output kms_key_policy_statements before."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex(module.forms.arns.key, var.kms_key.arn))
    error_message = "kms_key.arn = \"${try(var.kms_key.arn, "")}\" is no ARN of a key. Give one such as arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab. An alias will not do: policies know keys only."
  }
}

variable "logs" {
  description = <<-EOT
    What goes to the log group.

    - `level` (text, default "ERROR"): ALL, ERROR, FATAL or OFF.
    - `include_execution_data` (true or false, default false): Inputs and outputs too: object keys and whatever the states read.
    - `retention_days` (number, default 30)
  EOT
  type = object({
    level                  = optional(string, "ERROR")
    include_execution_data = optional(bool, false)
    retention_days         = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["ALL", "ERROR", "FATAL", "OFF"], var.logs.level)
    error_message = "logs.level = \"${var.logs.level}\": Step Functions knows no such level. Give ALL, ERROR, FATAL or OFF."
  }
}

variable "policy_statements" {
  description = <<-EOT
    What the state machine may do, besides writing its logs.

    - `sid` (text, default null)
    - `effect` (text, default "Allow")
    - `actions` (list of texts, required)
    - `resources` (list of texts, required)
    - `conditions` (map of maps, default null)
  EOT
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
    error_message = "policy_statements have effects that IAM does not know: ${join(", ", [for s in var.policy_statements : "\"${s.effect}\"" if !contains(["Allow", "Deny"], s.effect)])}. Give \"Allow\" or \"Deny\"."
  }
}

variable "tags" {
  description = "Tags of every resource that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "timeout_seconds" {
  description = "Longest time that an execution takes; null: the TimeoutSeconds of the definition, or 86400 (24 hours) if it has none; 0: the definition as it is."
  type        = number
  default     = null

  validation {
    condition     = var.timeout_seconds == null ? true : var.timeout_seconds >= 0 && var.timeout_seconds <= 31536000 && floor(var.timeout_seconds) == var.timeout_seconds
    error_message = "timeout_seconds = ${coalesce(var.timeout_seconds, -1)}: Step Functions ends executions after a year at most. Give whole seconds from 1 to 31536000 (a year), or 0 to leave the definition as it is."
  }
}

variable "tracing" {
  description = "X-Ray."
  type        = bool
  default     = false
  nullable    = false
}
