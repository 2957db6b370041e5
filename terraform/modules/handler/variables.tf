variable "artifact" {
  description = <<-EOT
    Where the zips of the manifest are: exactly one of directory and s3.

    - `directory` (text, default null): A local directory.
    - `s3` (object): A bucket, and what its keys have before the file name ("" or "v1/").
      - `bucket` (text, required)
      - `prefix` (text, default "")
  EOT
  type = object({
    directory = optional(string)
    s3 = optional(object({
      bucket = string
      prefix = optional(string, "")
    }))
  })
  nullable = false

  validation {
    condition     = (var.artifact.directory == null) != (var.artifact.s3 == null)
    error_message = "Give exactly one of directory and s3 as the place of the handlers' zips; ${var.artifact.directory == null ? "neither is" : "both are"} given."
  }
}

variable "handler" {
  description = "Which handler of the manifest this is."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z-]{0,15}$", var.handler))
    error_message = "handler = \"${var.handler}\" cannot be part of the name of its policy. Give 1 to 16 lower-case letters and -, a letter first."
  }
}

variable "manifest" {
  description = <<-EOT
    The handlers.json of a build or release, decoded.

    - `version` (text, required): Release of the handlers.
    - `protocol` (number, required): What handlers and modules agree on; must be the modules' own.
    - `handlers` (map of maps, required): Per handler and architecture the zip, its size and its SHA-256 (base64).
      - `file` (text, required)
      - `sha256` (text, required)
      - `bytes` (number, required)
  EOT
  type = object({
    version  = string
    protocol = number
    handlers = map(map(object({
      file   = string
      sha256 = string
      bytes  = number
    })))
  })
  nullable = false
}

variable "name" {
  description = "Name of the function."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,64}$", var.name))
    error_message = "Lambda takes no function named \"${var.name}\". Give 1 to 64 letters, digits, - and _."
  }
}

variable "role_name" {
  description = "Name of the function's role. Roles are the account's and not a Region's: have the Region in it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z+=,.@_-]{1,64}$", var.role_name))
    error_message = "IAM takes no role named \"${var.role_name}\" (${length(var.role_name)} characters). Give 1 to 64 letters, digits and +=,.@_-."
  }
}

variable "after" {
  description = "ARNs of functions that are updated before this one is."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "architecture" {
  description = "arm64 or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture = \"${var.architecture}\": Lambda has no such processor. Give arm64 or x86_64."
  }
}

variable "async_invoke" {
  description = <<-EOT
    How long and how often Lambda tries an asynchronous invocation; null: its defaults, 6 hours and 2 retries.

    - `maximum_event_age_seconds` (number, default 60)
    - `maximum_retry_attempts` (number, default 0)
    - `on_failure` (object): Standard SQS queue for invocations that failed for good.
      - `arn` (text, required)
  EOT
  type = object({
    maximum_event_age_seconds = optional(number, 60)
    maximum_retry_attempts    = optional(number, 0)
    on_failure                = optional(object({ arn = string }))
  })
  default = null

  validation {
    condition = var.async_invoke == null ? true : (
      var.async_invoke.maximum_event_age_seconds >= 60
      && var.async_invoke.maximum_event_age_seconds <= 21600
      && contains([0, 1, 2], var.async_invoke.maximum_retry_attempts)
    )
    error_message = "async_invoke says ${try(var.async_invoke.maximum_event_age_seconds, 0)} seconds and ${try(var.async_invoke.maximum_retry_attempts, 0)} retries, which Lambda refuses. Give 60 to 21600 seconds and 0 to 2 retries."
  }
}

variable "code_signing" {
  description = "A code signing configuration, whose profiles must have signed the zip; null: none."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.code_signing == null ? true : can(regex(module.forms.arns.code_signing, var.code_signing.arn))
    error_message = "code_signing.arn = \"${try(var.code_signing.arn, "")}\" is no ARN of a code signing configuration. Give one such as arn:aws:lambda:eu-central-1:123456789012:code-signing-config:csc-0123456789abcdef0."
  }
}

variable "environment" {
  description = "Environment variables of the function."
  type        = map(string)
  default     = {}
  nullable    = false
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
  description = "Customer-managed key of the log group, the environment, and of the data that the function reads and writes; null: none."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex(module.forms.arns.key, var.kms_key.arn))
    error_message = "kms_key.arn = \"${try(var.kms_key.arn, "")}\" is no ARN of a key. Give that of a customer-managed key, arn:aws:kms:<region>:<account>:key/<id>."
  }
}

variable "log_retention_days" {
  description = "How long the log group keeps the function's logs."
  type        = number
  default     = 30
  nullable    = false
}

variable "policy_statements" {
  description = <<-EOT
    What the function may do, besides writing to its own log group.

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

variable "settings" {
  description = <<-EOT
    Size and bounds of the function.

    - `memory_mb` (number, default 256)
    - `reserved_concurrency` (number, default null): Null: none reserved. A young account cannot reserve any.
    - `timeout_seconds` (number, default 30)
    - `tracing` (true or false, default false): X-Ray.
  EOT
  type = object({
    memory_mb            = optional(number, 256)
    reserved_concurrency = optional(number)
    timeout_seconds      = optional(number, 30)
    tracing              = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.settings.memory_mb >= 128 && var.settings.memory_mb <= 10240
    error_message = "settings.memory_mb = ${var.settings.memory_mb}: Lambda has no such size. Give 128 to 10240."
  }
  validation {
    condition     = var.settings.timeout_seconds >= 1 && var.settings.timeout_seconds <= 900
    error_message = "settings.timeout_seconds = ${var.settings.timeout_seconds}: no function of Lambda runs that long. Give 1 to 900."
  }
  validation {
    condition     = var.settings.reserved_concurrency == null ? true : var.settings.reserved_concurrency >= 1
    error_message = "settings.reserved_concurrency = ${coalesce(var.settings.reserved_concurrency, 0)} would let the function never run: give 1 or more, or leave it out to reserve none."
  }
}

variable "tags" {
  description = "Tags of every resource that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "vpc" {
  description = <<-EOT
    The network that the function runs in; null: Lambda's own.

    - `security_group_ids` (set of texts, required)
    - `subnet_ids` (set of texts, required)
  EOT
  type = object({
    security_group_ids = set(string)
    subnet_ids         = set(string)
  })
  default = null
}
